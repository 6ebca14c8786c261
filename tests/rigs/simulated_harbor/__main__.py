"""`python -m rigs.simulated_harbor --port 0`: runs until it is told to stop."""

import argparse
import signal
import sys

from .rig import ADMIN_PASSWORD, SimulatedHarbor


def main():
    parser = argparse.ArgumentParser(description="A simulated Harbor on a loopback port.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--admin-password", default=ADMIN_PASSWORD)
    parser.add_argument("--certificate", nargs=2, metavar=("CERT", "KEY"), help="serve https")
    parser.add_argument("--real-costs", action="store_true", help="as slow as a 2.15.2")
    options = parser.parse_args()
    costs = {"lockout": 1.5, "password_cost": 0.095, "quota_row_cost": 0.017}
    harbor = SimulatedHarbor(
        options.port,
        options.certificate,
        admin_password=options.admin_password,
        **(costs if options.real_costs else {}),
    )
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with harbor:
        print(f"simulated Harbor: {harbor.url}", flush=True)
        signal.sigwait(signals)


if __name__ == "__main__":
    sys.exit(main())
