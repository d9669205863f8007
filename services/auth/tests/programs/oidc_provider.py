"""An OpenID provider where anybody is who they say: oidc_provider.py

Tells its issuer in its first line.
"""

import threading

from oidc_provider_mock import run_server_in_thread

with run_server_in_thread(require_nonce=True) as server:
    print(f"http://localhost:{server.server_port}", flush=True)
    threading.Event().wait()
