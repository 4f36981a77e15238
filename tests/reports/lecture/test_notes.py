"""Every line of the notes that the lecture follows has its place on the page: line, chapter, words that stand there."""

import re

import pytest

from bakeoff.pipelines.lecture.chapter import FOLDER

NOTES = [
    ("feature transforms: color histogram", "01-features", "forgets where"),
    ("feature transforms: histogram of oriented gradients", "01-features", "which way the edges run"),
    ("bag of words from random patches: codebook", "01-features", "cut random patches, cluster them"),
    ("bag of words: the histogram", "01-features", "how often each word occurs"),
    ("the system that won in 2011", "02-systems", "a Gaussian mixture, Fisher vectors"),
    ("beside AlexNet: fixed and learned, by which criterion", "02-systems", "by which criterion"),
    ("linear: one template a class", "03-two-layers", "one row of weights per class"),
    ("two layers, W2 max(0, W1 x)", "03-two-layers", r"W_2 \max(0, W_1 x)"),
    ("fully connected; depth and width", "03-two-layers", "Depth counts layers of weights"),
    ("data flow of a net", "03-two-layers", "data flow"),
    ("templates of linear, two- and three-layer nets", "03-two-layers", "templates for parts and variants"),
    ("a net in twenty lines", "03-two-layers", "grad_w1 = x.T @ (grad_hidden * (hidden > 0))"),
    ("without a nonlinearity one layer", "04-activations", "Stack linear layers and you get a linear layer"),
    ("lifting to more dimensions", "04-activations", "lifting to more dimensions"),
    ("six activations and their slopes", "04-activations", "Leaky ReLU keeps 0.01"),
    ("biological neuron", "05-neurons", "over dendrites"),
    ("differences: kinds, synapses, dendrites, rates", "05-neurons", "a dynamical system of its own"),
    ("random connectivity learns, too", "05-neurons", "random wiring learns"),
    ("a linear map does not separate", "06-warping", "no line separates after it"),
    ("layers warp space; the boundary seen from the input", "06-warping", "until a line is enough"),
    ("more units, more capacity", "07-capacity", "More units can follow more"),
    ("hold back by L2, not by width", "07-capacity", "a penalty on its weights, rather than by its width"),
    ("universal approximation by bumps of ReLUs", "08-bumps", "Four ReLUs make a bump"),
    ("on compacts", "08-bumps", "on a compact set"),
    ("does not say how to find the weights", "08-bumps", "does not say how to find its weights"),
    ("nets do not learn bumps", "08-bumps", "does not learn bumps"),
    ("so is nearest neighbor", "08-bumps", "nearest-neighbor rule is a universal approximator"),
    ("convex functions", "09-convexity", "on no line it rises above a chord"),
    ("linear classifiers are convex", "09-convexity", "The losses of linear classifiers are convex"),
    ("a single ReLU layer is convex in its weights", "09-convexity", "each output of a single ReLU layer"),
    ("a net is not convex", "09-convexity", "that of a net with a hidden layer is not"),
    ("few guarantees, works all the same", "10-finding", "hardly any promise, and works well all the same"),
    ("first weights", "10-finding", "sqrt(2 / n), He"),
    ("loss surfaces", "10-finding", "Loss around a trained ReLU net"),
    ("gradients on paper do not scale", "11-gates", "on paper is tedious"),
    ("(x + y) z at -2, 5, -4", "11-gates", "x=-2, y=5, z=-4"),
    ("upstream, local, downstream", "11-gates", r"\text{upstream}"),
    ("the sigmoid neuron; sigmoid as one gate", "11-gates", "The sigmoid as one gate"),
    ("add, multiply, max, copy", "11-gates", "Add hands it on to both"),
    ("gradient check", "11-gates", "checked against differences"),
    ("graph of an SVM with vectors", "12-graphs", "A linear SVM on 64 pictures"),
    ("graph of AlexNet", "12-graphs", "AlexNet is a long graph"),
    ("graph of a recurrent net", "12-graphs", "back-propagation through time"),
    ("modular: forward and backward of each gate", "12-graphs", "knows how to go forward and how to go back"),
    ("vector back-propagation, Jacobians", "13-tensors", "one row per output, one column per input"),
    ("Jacobian of a ReLU is diagonal; never built", "13-tensors", "It is never built"),
    ("matrix products", "13-tensors", "G W^T"),
    ("tensors and einsum", "13-tensors", "its gradient is an einsum again"),
    ("how large a Jacobian is", "13-tensors", "4,096 units and a minibatch of 64"),
    ("reverse mode", "14-modes", "**Reverse mode** starts at the output"),
    ("forward mode; from reverse mode alone", "14-modes", "Forward mode from reverse mode alone"),
    ("Hessian-vector product", "14-modes", "product of the **Hessian** with a vector"),
    ("penalty on the gradient", "14-modes", "**penalty on the gradient**"),
    ("features or nets: the measured result", "15-measured", "Test accuracy on CIFAR-10"),
]


@pytest.mark.parametrize(("line", "chapter", "words"), NOTES, ids=[line for line, _, _ in NOTES])
def test_every_line_of_the_notes_has_its_place(line, chapter, words):
    text = (FOLDER / f"{chapter}.md").read_text(encoding="utf-8")
    assert re.sub(r"\s+", " ", words) in re.sub(r"\s+", " ", text)


def test_chapters_come_in_the_order_of_the_notes_and_none_is_without_a_line():
    named = list(dict.fromkeys(chapter for _, chapter, _ in NOTES))
    assert named == sorted(path.stem for path in FOLDER.glob("*.md"))
