"""Feed one target by coverage: `python -m tests.fuzz.guided TARGET SECONDS [CORPUS]`.

Needs atheris. A crash ends it with code 77 and prints the input in Base64.
"""

import base64
import importlib
import json.decoder
import json.scanner
import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Longest input, in bytes: what is bounded by length has tests of its own.
_LONGEST = 8192
#: Seconds that one input may take.
_SLOWEST_S = 10
_INSTRUMENTED = (
    "avatar_async._wire",
    "avatar_async._jobs",
    "avatar_async.requests",
    "avatar_async.manifests",
    "avatar_async.settings",
    "avatar_async._storage.rebuild",
    "avatar_async._transport.tokenfile",
    "tomllib",
)


def main(name: str, seconds: int, corpus: Path) -> None:
    """Fuzz until the time is up or something breaks."""
    import atheris

    with atheris.instrument_imports(include=list(_INSTRUMENTED)):
        targets = importlib.import_module("tests.fuzz.targets")
    _show_json_to_the_fuzzer(atheris.instrument_func)
    target, seeds = targets.TARGETS[name], targets.seeds(name)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = corpus.parent / "words"
    words.write_text(_words(b"\n".join(seeds)))

    def one(data: bytes) -> None:
        try:
            target(data)
        except BaseException:
            traceback.print_exc()
            print(f"CRASH {name} {base64.b64encode(data).decode()}", flush=True)
            raise

    bounds = (
        f"-dict={words}",
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST}",
        f"-timeout={_SLOWEST_S}",
    )
    found = (f"-artifact_prefix={corpus.parent}/", "-print_final_stats=1", "-rss_limit_mb=2048")
    atheris.Setup([sys.argv[0], *bounds, *found, str(corpus)], one)
    atheris.Fuzz()


def _show_json_to_the_fuzzer(instrumented: Callable[[Any], Any]) -> None:
    """Read JSON by Python code instead of C, where the fuzzer can see which inputs lead further."""
    decoder, scanner = vars(json.decoder), vars(json.scanner)
    decoder["scanstring"] = instrumented(decoder["py_scanstring"])
    for name in ("JSONObject", "JSONArray"):
        decoder[name] = instrumented(decoder[name])
    scanner["make_scanner"] = instrumented(scanner["py_make_scanner"])
    vars(json)["_default_decoder"] = json.JSONDecoder()


def _words(seeds: bytes) -> str:
    """Return the seeds' words, and some that readers dislike, as a dictionary of libFuzzer."""
    words = set(re.findall(rb'"[^"\n]{1,40}"|[A-Za-z0-9_.:+-]{2,40}|[^\sA-Za-z0-9]', seeds))
    words |= {
        b"1e999",
        b"-1",
        b"9" * 25,
        b"NaN",
        b'"\\ud800"',
        b"null",
        b"\xef\xbb\xbf",
        b"[" * 40,
        b"{}",
        b"[]",
    }
    return "".join(
        '"{}"\n'.format("".join(f"\\x{byte:02x}" for byte in word)) for word in sorted(words) if word
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(scratch) / "corpus"
        kept.mkdir(parents=True, exist_ok=True)
        main(sys.argv[1], int(sys.argv[2]), kept)
