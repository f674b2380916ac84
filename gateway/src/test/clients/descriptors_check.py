# SPDX-License-Identifier: Apache-2.0
"""Compares our proto with the one that tritonclient was compiled from: everything but comments and file options."""

import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2
from tritonclient.grpc import model_config_pb2, service_pb2

import demo

# the base protocol has it, Triton has not
ONLY_OURS = {
    "field .inference.ModelMetadataResponse.properties",
    "message .inference.ModelMetadataResponse.PropertiesEntry",
    "field .inference.ModelMetadataResponse.PropertiesEntry.key",
    "field .inference.ModelMetadataResponse.PropertiesEntry.value",
}


def ours():
    files = [str(f) for f in sorted(demo.PROTOS.glob("*.proto"))]
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder, "ours")
        protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{demo.PROTOS}"]
        subprocess.run([*protoc, f"--descriptor_set_out={output}", *files], check=True)
        return list(descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file)


def theirs():
    return [
        descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        for module in (model_config_pb2, service_pb2)
    ]


def facts(files):
    """What clients depend on, by the full name of what it is about."""
    found = {}
    for file in files:
        assert (file.syntax, file.package) == ("proto3", "inference"), file.name
        for message in file.message_type:
            add_message(found, message, ".inference.")
        for enum in file.enum_type:
            add_enum(found, enum, ".inference.")
        for service in file.service:
            for rpc in service.method:
                found[f"rpc .inference.{service.name}.{rpc.name}"] = (
                    rpc.input_type,
                    rpc.output_type,
                    rpc.client_streaming,
                    rpc.server_streaming,
                )
    return found


def add_message(found, message, prefix):
    name = prefix + message.name
    found[f"message {name}"] = (
        message.options.map_entry,
        [oneof.name for oneof in message.oneof_decl],
        [str(r) for r in message.reserved_range],
        list(message.reserved_name),
        len(message.extension),
    )
    for field in message.field:
        found[f"field {name}.{field.name}"] = (
            field.number,
            descriptor_pb2.FieldDescriptorProto.Type.Name(field.type),
            descriptor_pb2.FieldDescriptorProto.Label.Name(field.label),
            field.type_name,
            message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None,
            field.proto3_optional,
            str(field.options),
        )
    for nested in message.nested_type:
        add_message(found, nested, name + ".")
    for enum in message.enum_type:
        add_enum(found, enum, name + ".")


def add_enum(found, enum, prefix):
    found[f"enum {prefix}{enum.name}"] = sorted((v.number, v.name) for v in enum.value)


def main():
    a, b = facts(ours()), facts(theirs())
    problems = [f"only ours: {name}" for name in sorted(a.keys() - b.keys() - ONLY_OURS)]
    problems += [f"only theirs: {name}" for name in sorted(b.keys() - a.keys())]
    problems += [f"gone: {name}" for name in sorted(ONLY_OURS - a.keys())]
    problems += [f"{n}: {a[n]} (expected {b[n]})" for n in sorted(a.keys() & b.keys()) if a[n] != b[n]]
    assert not problems, "\n".join(problems)
    kinds = ("message", "field", "enum", "rpc")
    counts = ", ".join(f"{sum(name.startswith(kind + ' ') for name in b)} {kind}s" for kind in kinds)
    print(f"proto equal in {counts}")


if __name__ == "__main__":
    main()
