// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.Tally;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;

/** The Open Inference Protocol over gRPC: the generated service, with our own ModelInfer in it. */
final class KserveProtocol implements BindableService {
  private final ServerServiceDefinition definition;

  KserveProtocol(
      Routes routes,
      LoopSinks sinks,
      Tally<Failure.Kind> unrouted,
      OpenCalls openCalls,
      LoopRests rests,
      Tenants tenants,
      String serverVersion) {
    MethodDescriptor<InferRequest, InferResponse> modelInfer = InferMarshaller.modelInfer();
    ServerServiceDefinition generated =
        FaultStatus.around(new MetadataService(routes, serverVersion).bindService());
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(generated.getServiceDescriptor().getName())
            .setSchemaDescriptor(generated.getServiceDescriptor().getSchemaDescriptor())
            .addMethod(modelInfer);
    for (ServerMethodDefinition<?, ?> method : generated.getMethods()) {
      if (!isModelInfer(method)) {
        descriptor.addMethod(method.getMethodDescriptor());
      }
    }
    ServerServiceDefinition.Builder service =
        ServerServiceDefinition.builder(descriptor.build())
            .addMethod(
                modelInfer, new InferService(routes, sinks, unrouted, openCalls, rests, tenants));
    for (ServerMethodDefinition<?, ?> method : generated.getMethods()) {
      if (!isModelInfer(method)) {
        service.addMethod(method);
      }
    }
    definition = service.build();
  }

  private static boolean isModelInfer(ServerMethodDefinition<?, ?> method) {
    return method
        .getMethodDescriptor()
        .getFullMethodName()
        .equals(InferMarshaller.modelInfer().getFullMethodName());
  }

  @Override
  public ServerServiceDefinition bindService() {
    return definition;
  }
}
