"""The descriptor set as Envoy takes it: its transcoder refuses `response_body` for ordinary messages."""

import pathlib

from google.api import annotations_pb2
from google.protobuf import descriptor_pb2


def without_response_body(source: pathlib.Path, target: pathlib.Path) -> dict[str, str]:
    """Writes the set without `response_body`; returns the field that each route would have answered with."""
    files = descriptor_pb2.FileDescriptorSet.FromString(source.read_bytes())
    fields = {}
    for method in (method for file in files.file for service in file.service for method in service.method):
        rule = method.options.Extensions[annotations_pb2.http]
        for binding in (rule, *rule.additional_bindings):
            if binding.response_body:
                verb = binding.WhichOneof("pattern")
                fields[f"{verb.upper()} {getattr(binding, verb)}"] = binding.response_body
                binding.response_body = ""
    target.write_bytes(files.SerializeToString())
    return fields


def services_with_routes(source: pathlib.Path) -> list[str]:
    """The full names of the services that HTTP reaches."""
    files = descriptor_pb2.FileDescriptorSet.FromString(source.read_bytes())
    return [f"{file.package}.{service.name}" for file in files.file for service in file.service
            if any(method.options.HasExtension(annotations_pb2.http) for method in service.method)]
