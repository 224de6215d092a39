"""For torch_peer.py: how fast PyTorch trains and evaluates a net of random data, and in how much memory."""
import json, os, resource, shutil, time
import torch
import torch.nn.functional as F
from torch_nets import build

LARGE = ("resnet18", "resnet34", "resnet50")  # and those with pre-activation: 224x224, 1000 classes; the others 32x32, 10 classes
MOST_WARM_UP, STEADY = 10, 1.5


def about():
    """Prints the versions, and whether torch.compile can work here, as JSON."""
    try:
        import onnxruntime
        runtime = onnxruntime.__version__
    except ImportError:
        runtime = None
    compiler = os.environ.get("CXX", "g++")
    why_not = "it is older than torch.compile" if not hasattr(torch, "compile") else \
        f"there is no {compiler}" if not shutil.which(compiler) else ""
    print(json.dumps({"torch": torch.__version__, "compiles": not why_not, "why_not": why_not, "onnxruntime": runtime}))


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def optimizer(net):
    """SGD in one pass over the parameters, where this PyTorch has that."""
    try:
        return torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, fused=True)
    except (TypeError, RuntimeError):
        return torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)


def training_step(args, net, x, y):
    opt = optimizer(net)
    run = torch.compile(net) if args.compile else net

    def step():
        opt.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bf16):
            loss = F.cross_entropy(run(x), y)
        loss.backward()
        opt.step()
    return step


def forward_pass(args, net, x):
    net.eval()
    if args.compile:
        from torch._inductor import config
        config.freezing = True  # weights are constants: batch norm goes into the convolutions
    run = torch.compile(net) if args.compile else net

    def evaluate():
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bf16):
            run(x)
    return evaluate


def warm_up(step, least):
    """At least so many steps, until one takes hardly longer than the fastest before it. Returns their seconds."""
    seconds = []
    while len(seconds) < MOST_WARM_UP and (len(seconds) < least or seconds[-1] > STEADY * min(seconds[:-1])):
        seconds.append(timed(step))
    return seconds


def timed(step):
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def measure(args):
    start = peak_bytes()  # the interpreter and PyTorch itself
    side = 224 if args.model == "mobilenet_v2" or args.model.removesuffix("_v2") in LARGE else 32
    height, width, channels = args.image or (side, side, 3)
    classes = args.classes or (1000 if side == 224 else 10)
    layout = torch.channels_last if args.layout == "channels-last" else torch.contiguous_format
    net = build(args.model, channels, height, classes).to(memory_format=layout)
    x = torch.randn(args.batch, channels, height, width).to(memory_format=layout)
    y = torch.randint(0, classes, (args.batch,))
    step = training_step(args, net, x, y) if args.mode == "step" else forward_pass(args, net, x)
    try:
        warm = warm_up(step, 3 if args.compile else 2)  # of a compiled net the first one compiles, and the second may again
    except Exception as e:
        if not args.compile:
            raise
        raise SystemExit(f"error: torch.compile failed: {type(e).__name__}: {(str(e).strip().splitlines() or [''])[0]}")
    times = []
    while len(times) < args.steps or sum(times) < args.seconds:
        times.append(timed(step))
    speed = args.batch / sorted(times)[len(times) // 2]
    if args.json:
        print(json.dumps({"images_per_second": speed, "steps": len(times), "warmup_steps": len(warm), "warmup_seconds": sum(warm),
                          "peak_bytes": peak_bytes(), "start_bytes": start, "torch": torch.__version__}))
        return
    print(f"{args.model} batch {args.batch} {'bf16' if args.bf16 else 'fp32'}{' compiled' if args.compile else ''}: {speed:.1f} img/s, "
          f"after {len(warm)} steps in {sum(warm):.1f} s, peak {peak_bytes() / 2**20:.0f} MB, torch {torch.__version__}")
