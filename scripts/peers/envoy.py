"""Envoy's gRPC-JSON transcoder in front of the services of a mesh, from the same descriptor set."""

import json
import pathlib
import subprocess
import time

import httpx

from . import descriptors as sets


def config(descriptors: pathlib.Path, port: int, addresses: dict[str, str]) -> dict:
    """A static configuration: one listener, the transcoder, one HTTP/2 cluster for each service."""
    services = {name: name.split(".")[1] for name in sets.services_with_routes(descriptors)}
    routes = [{"match": {"prefix": f"/{name}/"}, "route": {"cluster": cluster, "timeout": "60s"}}
              for name, cluster in services.items()]
    transcoder = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": str(descriptors),
        "services": list(services),
        "convert_grpc_status": True,
        "print_options": {"always_print_primitive_fields": True, "preserve_proto_field_names": True},
    }
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "rest",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {"name": "envoy.filters.http.grpc_json_transcoder", "typed_config": transcoder},
            {"name": "envoy.filters.http.router", "typed_config": router},
        ],
    }
    listener = {
        "name": "rest",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager",
                                        "typed_config": manager}]}],
    }
    return {"static_resources": {"listeners": [listener],
                                 "clusters": [cluster(name, address) for name, address in addresses.items()]}}


def cluster(name: str, address: str) -> dict:
    host, port = address.rsplit(":", 1)
    endpoint = {"endpoint": {"address": {"socket_address": {"address": host, "port_value": int(port)}}}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            },
        },
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def start(binary: str, folder: pathlib.Path, descriptors: pathlib.Path, port: int,
          addresses: dict[str, str]) -> subprocess.Popen:
    """Starts Envoy and waits until it answers."""
    file = folder / "envoy.json"
    file.write_text(json.dumps(config(descriptors, port, addresses)))
    log = (folder / "envoy.log").open("w")
    envoy = subprocess.Popen([binary, "-c", str(file), "--concurrency", "2", "--disable-hot-restart", "-l", "error"],
                             stdout=log, stderr=log)
    for _ in range(300):
        if envoy.poll() is not None:
            raise RuntimeError(f"envoy ended: {(folder / 'envoy.log').read_text()}")
        try:
            httpx.get(f"http://127.0.0.1:{port}/")
            return envoy
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("envoy does not answer")
