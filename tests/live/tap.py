# SPDX-License-Identifier: Apache-2.0
"""What prove reads."""


class Tap:
    def __init__(self, plan):
        print(f"1..{plan}", flush=True)
        self.number, self.bad = 0, 0

    def check(self, text, wrong):
        self.number += 1
        self.bad += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {self.number} - {text}", flush=True)
        for line in wrong[:40] if isinstance(wrong, list) else []:
            print(f"# {line}"[:400])
