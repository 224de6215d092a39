#!/usr/bin/env python3
"""How fast ONNX Runtime evaluates a model of `intrain export --onnx FILE --qdq`, on random images: JSON.

    onnx_peer.py FILE --batch 1 --threads 2 [--seconds 5]
"""
import argparse, json, resource, time
import numpy as np
import onnxruntime


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", metavar="FILE")
    p.add_argument("--batch", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--steps", type=int, default=5, help="at least so many")
    p.add_argument("--seconds", type=float, default=0, help="at least so long")
    args = p.parse_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = args.threads, 1
    session = onnxruntime.InferenceSession(args.model, options, providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).integers(0, 256, (args.batch, *session.get_inputs()[0].shape[1:]), dtype=np.uint8)
    times = []
    for warm in (True, False):
        begin, times = time.perf_counter(), []
        while len(times) < (2 if warm else args.steps) or (not warm and time.perf_counter() - begin < args.seconds):
            start = time.perf_counter()
            session.run(["logits"], {"images": images})
            times.append(time.perf_counter() - start)
    print(json.dumps({"images_per_second": args.batch / sorted(times)[len(times) // 2], "steps": len(times),
                      "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "onnxruntime": onnxruntime.__version__}))


if __name__ == "__main__":
    main()
