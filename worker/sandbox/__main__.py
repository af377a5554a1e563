"""`python -m worker.sandbox`: starts the sandbox from the command line."""

from __future__ import annotations

import argparse

from worker.sandbox import Webhook, serve


def _webhook(text: str) -> Webhook:
    key, _, rest = text.partition("=")
    url, _, secret = rest.rpartition(",")
    if not (key.startswith("sk_test_") and url and secret.startswith("whsec_")):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form sk_test_…=http://host/path,whsec_…"
        )
    return Webhook(key, url, secret)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m worker.sandbox",
        description="A Stripe-compatible server for demos and tests. No real money.",
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--state", metavar="FILE", help="file that keeps the state; none forgets")
    parser.add_argument(
        "--webhook",
        action="append",
        default=[],
        type=_webhook,
        metavar="KEY=URL,SECRET",
        help="where a key's account hears of its events; may be given several times",
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="KEY",
        help="accept this key and those of --webhook only; may be given several times",
    )
    parser.add_argument(
        "--clock", metavar="FILE", help="file with the seconds by which business time is ahead"
    )
    given = parser.parse_args()
    serve(given.port, given.state, given.webhook, given.key, given.clock)


if __name__ == "__main__":
    main()
