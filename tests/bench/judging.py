"""What tests of benchmarks have in common: things that are judged, and their end."""
failures, judged = [], 0


def expect(what, holds, found=""):
    global judged
    judged += 1
    if not holds:
        failures.append(f"{what}{f': {found}' if found else ''}")


def verdict():
    """Prints what was judged wrongly; the exit status."""
    print("\n".join(failures + [f"{judged} things judged, {len(failures)} wrongly"]))
    return 1 if failures else 0
