# Bakeoff: hand-crafted features + linear SVM against nets trained end to end. `make help` lists everything.
#
# An alias of the command line `bakeoff`: it has the defaults, and checks what is given here. All values go to it, and to
# install.py, in the environment, where neither make nor a shell reads them.

override define HELP
Variables:
  DATASET      photos | digits | cifar10 | cifar100 | cues-color | ... | a folder with one sub-folder per class
  DATA_ROOT    folder that already holds unpacked archives (cifar-10-batches-bin ...); else they are downloaded
  IMAGE_SIZE   side in pixels that a folder's pictures are brought to (32, 64, 128 or 224)
  MAX_SKIPPED  percent of a folder's pictures that may be unusable before it stops (5)
  MAX_PIXELS   larger pictures of a folder are refused, undecoded (100000000)
  RANGE        raw values that become black and white in pictures of over 8 bits, such as 0,4095
  CHANNELS     of pictures with more than three: 3,1,2 or 2 or mean
  PAGES        what is made of several pages: max, mean, first, middle, a page's number or channels (max)
  LABEL        a regular expression on a folder's paths: what it matches is the class (folders are the classes)
  GROUP        the same for what stays in one split, such as a patient
  FRAME        of pictures that are no squares: the middle, or the whole squeezed into one (auto)
  REGIONS      of masks or boxes of pictures: mask, crop (keep the surroundings) or ignore (mask)
  DUPLICATES   copies of given test pictures in an earlier split: drop, move or keep (drop)
  BUDGET       for report: processor time that each side may spend, such as 90s, 10min or 2h
  SPLITS       for report: splits that both finalists are tested on; 1 for the one only (5 to 20 below 2,000 pictures)
  MARGIN       loss of accuracy, in points, that you would accept: decides between enough and not enough (1.0)
  RUNS         for report: compare these runs only, experiment or experiment:seed (all there are)
  RUNS_FROM    for report: folder of other saved runs on the same data set, such as published ones
  BASE         for compare: report.json of an earlier report
  PROFILE      what report studies beside the runs: quick, full (all of `make study`: hours on large data), none
  SET          settings, such as SET="costs=0.1,1 epochs=5": any field of an experiment's configuration
  WEIGHTS      for report, train and features: file of a frozen net's weights, NAME:FILE for one of timm (none: no such net)
  SEED         seed of everything random; runs of several seeds stand side by side in the report (0)
  EXPERIMENT   for train, study and report: one or more names from `make list`
  ENGINE       for train-mlp: torch, or numpy (our own back-propagation)
  STUDY        learning-curves | label-noise | robustness | look-inside | cues (all)
  MODEL        for predict, serve and export: an experiment that was trained, a run's folder, or a model file
  IMAGE        for predict and export: a picture, or a folder of pictures
  OUTPUT       for predict: file to write, .csv, .json or .jsonl; a killed command goes on (for publish: a folder)
  NOT_SURE_BELOW  for predict and serve: probability below which the answer is "not sure", such as 0.6
  BY_THRESHOLD  for predict and serve: 1 names the wanted one of two classes from the model's own threshold on
  PORT         for serve: of 127.0.0.1 (8765)
  MLFLOW       for publish: tracking URI of an MLflow server, to log runs, models and report there
  NAME         for exercise: hog, kmeans, ... (the files in examples/exercises)
  FILE         for exercise: your copy of that file, its holes filled
  PROCESSES    for train and train-mlp: processes that train one net together, by torchrun (1)
  TENSORBOARD  for train and train-mlp: 1 writes logs to artifacts/tensorboard
  DEVICE       what both sides compute on: cpu, cuda or mps (an accelerator where there is one)
  SCHEDULER    address of a Dask scheduler (tcp://host:8786) whose workers share the hand-crafted side's work
  ARTIFACTS    where the cache, the runs and the reports go (artifacts)
  PY           the Python (3.11+) that makes .venv (python3)
  TORCH_INDEX  package index to take torch from, e.g. the CPU one named on PyTorch's "Get started" page
endef
export override HELP

override VARIABLES := $(shell sed -n 's/^  \([A-Z_]*\)  *[^ ].*/\1/p' Makefile)
override UNKNOWN := $(filter-out $(VARIABLES),$(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$v)))
override PY := $(or $(value PY),python3)
$(foreach v,$(VARIABLES),$(if $(filter-out undefined,$(origin $v)),$(eval override $v := $$(value $v))$(eval export $v)))
export override VARIABLES UNKNOWN
override PYTHON := .venv/bin/python
# Bytecode is kept even where the environment says not to: two processes and every command they start would compile all.
override TESTS := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(PYTHON) -m pytest -n 2 --dist worksteal

.DEFAULT_GOAL := help
.NOTPARALLEL: # the stages use all cores themselves
COMMANDS := list features train-svm train-mlp train predict serve export study \
  report report-saved compare publish lecture exercise bench clean
.PHONY: help setup $(COMMANDS) test fast slow check format misspelled

help: ## show the targets and the variables
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  \033[1mmake %-14s\033[0m %s\n",$$1,$$2}' Makefile
	@printf '\n%s\n' "$$HELP"

setup: .venv/ready ## make .venv and install the exact versions of constraints.txt

.venv/ready: pyproject.toml constraints.txt install.py
	@"$$PY" install.py

.venv/ready-to-develop: .venv/ready
	@"$$PY" install.py --develop

list: ## list every experiment
features: ## extract and cache the hand-crafted features
train-svm: ## hand-crafted features -> linear SVM: every family alone, left out, and together
train-mlp: ## pixels -> multi-layer perceptron, trained end to end (ENGINE=numpy for our own engine)
train: ## train EXPERIMENT=<name> (see `make list`)
predict: ## the class of IMAGE=<picture or folder> by MODEL=<experiment, run folder or file> (OUTPUT=<file>: to a file)
serve: ## a page on this machine that classifies the pictures dropped on it, by MODEL
export: ## write MODEL as model.onnx, checked on its test pictures (or IMAGE)
study: ## what takes several trainings or changed pictures: STUDY=<name>, EXPERIMENT=<names>
report: ## train both sides and compare them: artifacts/reports/<dataset>/report.html, .md, .json
report-saved: ## the report on saved runs alone (RUNS_FROM=<folder>: with those of others)
compare: ## the same as report, and what changed since BASE=<report.json of an earlier report>
publish: ## copy the saved runs of DATASET, small and without a picture, to docs/results
lecture: ## the experiments behind a first lecture, as one page: artifacts/lecture/lecture.html
exercise: ## check FILE, your solution of the lecture's exercise NAME: what differs
bench: ## our kernels against the libraries people use, side by side -> artifacts/bench.json
clean: ## remove what was computed from ARTIFACTS, and nothing else

bench: .venv/ready-to-develop
$(COMMANDS): .venv/ready
	@$(PYTHON) -m bakeoff --from-make $@


test: .venv/ready-to-develop ## run the tests
	@$(TESTS)

fast: .venv/ready-to-develop ## run the tests that failed last, else all but those that train through the command line
	@$(TESTS) -m "not slow and not data and not whole" --last-failed

slow: .venv/ready-to-develop ## run the simulations and the damaged files (with DATA_ROOT: also the tests on real data)
	@$(TESTS) -m "slow or data"

format: .venv/ready-to-develop ## format and sort imports
	@$(PYTHON) -m ruff check --fix . ; $(PYTHON) -m ruff format .

check: .venv/ready-to-develop ## lint, format, types, the tests and the slow tests: what CI runs
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && $(PYTHON) -m mypy && $(TESTS) -m "not data"

ifneq ($(UNKNOWN),)
help setup .venv/ready .venv/ready-to-develop: misspelled
endif

misspelled:
	@"$$PY" install.py --misspelled
