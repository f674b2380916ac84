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
import java.util.ArrayList;
import java.util.List;

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
      ServerServiceDefinition modelControl,
      String serverVersion) {
    MethodDescriptor<InferRequest, InferResponse> modelInfer = InferMarshaller.modelInfer();
    ServerServiceDefinition generated =
        FaultStatus.around(new MetadataService(routes, serverVersion).bindService());
    List<ServerMethodDefinition<?, ?>> others =
        others(generated, FaultStatus.around(modelControl), modelInfer);
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(generated.getServiceDescriptor().getName())
            .setSchemaDescriptor(generated.getServiceDescriptor().getSchemaDescriptor())
            .addMethod(modelInfer);
    others.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder service =
        ServerServiceDefinition.builder(descriptor.build())
            .addMethod(
                modelInfer, new InferService(routes, sinks, unrouted, openCalls, rests, tenants));
    others.forEach(service::addMethod);
    definition = service.build();
  }

  /** Every method but ModelInfer; those that control models, where there are such. */
  private static List<ServerMethodDefinition<?, ?>> others(
      ServerServiceDefinition generated,
      ServerServiceDefinition modelControl,
      MethodDescriptor<?, ?> modelInfer) {
    List<ServerMethodDefinition<?, ?>> others = new ArrayList<>();
    for (ServerMethodDefinition<?, ?> method : generated.getMethods()) {
      String name = method.getMethodDescriptor().getFullMethodName();
      ServerMethodDefinition<?, ?> control = modelControl.getMethod(name);
      if (!name.equals(modelInfer.getFullMethodName())) {
        others.add(control == null ? method : control);
      }
    }
    return others;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return definition;
  }
}
