# Bakeoff: hand-crafted features + linear SVM against nets trained end to end. `make help` lists everything.

DATASET    ?= photos## photos | digits | cifar10 | cifar100 | cues-color | ... | a folder with one sub-folder per class
DATA_ROOT  ?= ## folder that already holds unpacked archives (cifar-10-batches-bin ...); else they are downloaded
IMAGE_SIZE ?= ## side in pixels that a folder's pictures are brought to (32 if not given)
MAX_SKIPPED ?= ## percent of a folder's pictures that may be unusable before it stops (5 if not given)
MAX_PIXELS ?= ## larger pictures of a folder are refused, undecoded (100000000 if not given)
MARGIN     ?= 1.0## loss of accuracy, in points, that you would accept: decides between enough and not enough
RUNS       ?= ## for `make report`: compare these runs only, experiment or experiment:seed (default: all there are)
MODEL      ?= ## for `make predict`: an experiment that was trained, a run's folder, or a model file
IMAGE      ?= ## for `make predict`: a picture, or a folder of pictures
PROFILE    ?= quick## what `make report` studies beside the runs: quick, full (all of `make study`: hours on large data), none
STUDY      ?= ## for `make study`: ablations | learning-curves | label-noise | robustness | look-inside | cues (with DATASET=cues) (default: all)
RUNS_FROM  ?= ## for `make report`: folders of other saved runs on the same data set, such as published ones
BASE       ?= ## for `make compare`: report.json of an earlier report
SEED       ?= 0## seed of everything random; runs of several seeds stand side by side in the report
EXPERIMENT ?= ## for `make train`: one or more names from `make list`
ENGINE     ?= torch## for `make train-mlp`: torch, or numpy (our own back-propagation)
SWEEP      ?= regularization## for `make sweep`
PROCESSES  ?= 1## for `make train` and `make train-mlp`: processes that train one net together (torchrun)
TENSORBOARD ?= ## for `make train`: 1 writes logs to artifacts/tensorboard (open: .venv/bin/tensorboard --logdir ...)
SCHEDULER  ?= ## address of a Dask scheduler (tcp://host:8786) whose workers share the hand-crafted side's work
ARTIFACTS  ?= artifacts## where the cache, the runs and the reports go
PY         ?= python3## the Python (3.11+) that makes .venv
TORCH_INDEX ?= ## package index to take torch from, e.g. the CPU one named on PyTorch's "Get started" page

PYTHON  := .venv/bin/python
COMMON   = $(if $(DATA_ROOT),--data-root "$(DATA_ROOT)") $(if $(IMAGE_SIZE),--image-size $(IMAGE_SIZE)) $(if $(MAX_SKIPPED),--max-skipped $(MAX_SKIPPED)) $(if $(MAX_PIXELS),--max-pixels $(MAX_PIXELS)) --dataset "$(DATASET)" --seed $(SEED) --artifacts "$(ARTIFACTS)" $(if $(SCHEDULER),--scheduler "$(SCHEDULER)")
MLP      = $(if $(filter numpy,$(ENGINE)),mlp-numpy,mlp)
LAUNCH   = $(if $(filter-out 1,$(PROCESSES)),OMP_NUM_THREADS=1 $(PYTHON) -m torch.distributed.run --standalone --nproc-per-node $(PROCESSES),$(PYTHON)) -m bakeoff.pipelines
REPORT   = $(PYTHON) -m bakeoff.reports --runs "$(ARTIFACTS)/runs" $(RUNS_FROM) --dataset "$(DATASET)" --output "$(ARTIFACTS)/reports" --margin $(MARGIN) $(if $(RUNS),--select $(RUNS))

.DEFAULT_GOAL := help
.NOTPARALLEL: # the stages use all cores themselves
.PHONY: help setup list features train-svm train-mlp train predict export sweep study profile report base-given compare lecture test check bench bench-scaling clean

help: ## show the targets and the variables
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  \033[1mmake %-12s\033[0m %s\n",$$1,$$2}' $(MAKEFILE_LIST)
	@printf '\nVariables (name = default):\n'
	@awk -F '## ' '/^[A-Z_]+ +\?=.*## /{split($$1,v,/ *\?= */); printf "  %-12s %-10s %s\n",v[1],v[2],$$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## make .venv and install the exact versions of constraints.txt

.venv/ready: pyproject.toml constraints.txt install.py
	@$(PY) install.py --torch-index "$(TORCH_INDEX)"

list: .venv/ready ## list every experiment
	@$(PYTHON) -m bakeoff.pipelines list

features: .venv/ready ## extract and cache the hand-crafted features
	@$(PYTHON) -m bakeoff.pipelines features $(COMMON)

train-svm: .venv/ready ## hand-crafted features -> linear SVM: every family alone, left out, and together
	@$(PYTHON) -m bakeoff.pipelines train hand-crafted $(COMMON)

train-mlp: .venv/ready ## pixels -> multi-layer perceptron, trained end to end (ENGINE=numpy for our own engine)
	@$(LAUNCH) train $(MLP) $(COMMON) $(if $(TENSORBOARD),--tensorboard)

train: .venv/ready ## train EXPERIMENT=<name> (see `make list`)
	@$(LAUNCH) train $(EXPERIMENT) $(COMMON) $(if $(TENSORBOARD),--tensorboard)

predict: .venv/ready ## name the class of IMAGE=<picture or folder> by MODEL=<experiment, run folder or file>
	@$(PYTHON) -m bakeoff.pipelines predict "$(MODEL)" "$(IMAGE)" $(COMMON)

export: .venv/ready ## write the net MODEL as model.onnx, checked against torch on its test pictures (or IMAGE)
	@$(PYTHON) -m bakeoff.pipelines export "$(MODEL)" $(if $(IMAGE),"$(IMAGE)") $(COMMON)

study: .venv/ready ## what takes several trainings or changed pictures: STUDY=<name>, EXPERIMENT=<names>
	@$(PYTHON) -m bakeoff.pipelines study $(STUDY) $(COMMON) $(if $(EXPERIMENT),--experiments $(EXPERIMENT))

sweep: .venv/ready ## train a ready sweep over small perceptrons: SWEEP=regularization, activation, depth or width
	@$(PYTHON) -m bakeoff.pipelines sweep $(SWEEP) $(COMMON)

report: train-svm train-mlp profile ## compare the runs: artifacts/reports/<dataset>/report.html, .md, .json
	@$(REPORT)

compare: base-given train-svm train-mlp profile ## the same, and what changed since BASE=<report.json of an earlier report>
	@$(REPORT) --base "$(BASE)"

base-given: # before hours of training, not after
	@test -f "$(BASE)" || { echo "make compare needs BASE=<report.json of an earlier report>, got '$(BASE)', which is no file" >&2; exit 1; }

profile: train-svm train-mlp
	@$(if $(filter none,$(PROFILE)),true,$(PYTHON) -m bakeoff.pipelines study --profile $(PROFILE) $(COMMON))

lecture: .venv/ready ## the experiments behind a first lecture, as one page: artifacts/lecture/lecture.html
	@$(PYTHON) -m bakeoff.pipelines.lecture --output "$(ARTIFACTS)/lecture"
	@$(PYTHON) -m bakeoff.reports.lecture --output "$(ARTIFACTS)/lecture"

test: .venv/ready ## run the tests
	@$(PYTHON) -m pytest

check: .venv/ready ## lint, format, types and tests
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && $(PYTHON) -m mypy && $(PYTHON) -m pytest

bench: .venv/ready ## our kernels against the libraries people use, side by side -> artifacts/bench.json
	@$(PYTHON) -m bakeoff.benchmarks --output "$(ARTIFACTS)/bench.json"

bench-scaling: .venv/ready ## cost per picture, the cost model, its check at 1k, 10k, 100k pictures -> artifacts/scaling.json
	@$(PYTHON) -m bakeoff.benchmarks.scaling --output "$(ARTIFACTS)/scaling.json"

clean: ## delete everything that was computed (not .venv)
	@rm -rf "$(ARTIFACTS)"
