# The commands of this project. `make demo` and `make test` work in a clean clone on Debian 12.

DEMO_FLAGS ?= --data fashion-mnist --model resnet8 --epochs 6
SOURCES = $(shell find src python tests examples -name '*.h' -o -name '*.cc')

help:
	@echo "make demo      build, and train a residual network on Fashion-MNIST wholly in integers"
	@echo "make test      build, and prove everything there is to prove (all of it: about half an hour on 2 cores)"
	@echo "make check     before each commit: layout, include directions, the unit tests of what changed: about a minute once it is built"
	@echo "make fuzz      feed every parser of outside data with garbage, a minute each"
	@echo "make release   build/release/intrain"
	@echo "make mpi       and build/release/intrain_mpi.so, with which 'mpirun -n 2 build/release/intrain train' is one training; MPI=mpich for that one"
	@echo "make package   the Debian package build/release/intrain_<version>_<architecture>.deb; with ARCH=arm64 one for 64-bit ARM, in build/arm64"
	@echo "make wheel     build/wheel/intrain-<version>-*.whl, the Python package for every Python from 3.10 on"
	@echo "make peers     build/peers-torch: the newest PyTorch and ONNX Runtime from PyPI, for bench/compare.py and bench/accuracy.py --twin (3 GB to download, 5.5 on disk)"
	@echo "make docs      build/docs/html: the public headers; build/docs/python: the Python package"
	@echo "make format    clang-format all sources"
	@echo "make clean     remove what was built"

demo:
	@tools/setup.sh demo
	@$(MAKE) --no-print-directory release
	build/release/intrain train $(DEMO_FLAGS)

test:
	@tools/setup.sh test
	@tools/test.sh

check:
	@tools/setup.sh check
	@tools/test.sh style changed

fuzz:
	@tools/setup.sh fuzz
	cmake --preset fuzz
	cmake --build build/fuzz --target intrain_fuzz
	tests/fuzz/run.sh build/fuzz 60

release:
	cmake --preset release
	cmake --build build/release --target intrain libintrain

MPI ?= openmpi

mpi:
	@tools/setup.sh $(MPI)
	cmake --preset release -DINTRAIN_MPI=$(MPI)
	cmake --build build/release --target intrain intrain_mpi

ifeq ($(ARCH) $(shell uname -m),arm64 x86_64)
PRESET = arm64
else
PRESET = release
endif

package:
	@tools/setup.sh package
	@$(if $(filter arm64,$(PRESET)),tools/setup.sh arm64)
	cmake --preset $(PRESET)
	cmake --build build/$(PRESET) --target intrain libintrain
	cd build/$(PRESET) && cpack -G DEB

wheel:
	@tools/setup.sh python
	tools/wheel.sh

peers:
	@tools/setup.sh python
	@tools/peers.sh

docs:
	@tools/setup.sh docs
	cmake --preset release
	tools/docs.sh

format:
	clang-format -i $(SOURCES)

clean:
	rm -rf build

.PHONY: help demo test check fuzz release mpi package wheel peers docs format clean
