// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.CheckedInputs;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.InputChecker;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.backends.serving.Tally;
import dev.millrace.backends.serving.Terms;
import dev.millrace.backends.tensor.TensorView;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ModelInfer: from a decoded request to a queued task. Runs on the event loop that the request came
 * in on, and never blocks it.
 */
final class InferService implements ServerCallHandler<InferRequest, InferResponse> {
  private static final Logger log = LoggerFactory.getLogger(InferService.class);

  private final Routes routes;
  private final LoopSinks sinks;
  private final Tally<Failure.Kind> unrouted;
  private final OpenCalls openCalls;
  private final LoopRests rests;
  private final Tenants tenants;

  /**
   * What is constant in a served version's answers, until the served version is gone; per thread.
   */
  private final ThreadLocal<Map<ServedVersion, ResponseTemplate>> templates =
      ThreadLocal.withInitial(WeakHashMap::new);

  private final ColdStarts coldStarts = new ColdStarts();

  /** As many as deployments name; made of names that gRPC has checked. */
  private final Map<String, Metadata.Key<String>> headerKeys = new ConcurrentHashMap<>();

  InferService(
      Routes routes,
      LoopSinks sinks,
      Tally<Failure.Kind> unrouted,
      OpenCalls openCalls,
      LoopRests rests,
      Tenants tenants) {
    this.routes = routes;
    this.sinks = sinks;
    this.unrouted = unrouted;
    this.openCalls = openCalls;
    this.rests = rests;
    this.tenants = tenants;
  }

  private static Metadata.Key<String> headerKey(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  @Override
  public ServerCall.Listener<InferRequest> startCall(
      ServerCall<InferRequest, InferResponse> call, Metadata headers) {
    openCalls.begin();
    call.request(2); // a unary call has one message; asking for two shows a second one
    return new CallListener(call, headers, tenants.numberOf(headers));
  }

  private final class CallListener extends ServerCall.Listener<InferRequest>
      implements Routes.Caller {
    private final ServerCall<InferRequest, InferResponse> call;
    private final Metadata headers;
    private final int tenant;
    private @Nullable InferRequest request;
    private @Nullable InferCall task;
    private boolean refused;

    CallListener(ServerCall<InferRequest, InferResponse> call, Metadata headers, int tenant) {
      this.call = call;
      this.headers = headers;
      this.tenant = tenant;
    }

    @Override
    public @Nullable String value(String parameter) {
      return request == null ? null : request.value(parameter);
    }

    @Override
    public @Nullable String header(String name) {
      return headers.get(headerKeys.computeIfAbsent(name, InferService::headerKey));
    }

    @Override
    public void onMessage(InferRequest message) {
      if (request != null) {
        message.close();
        if (!refused) {
          refuse(Failure.invalid("ModelInfer: two messages (expected one)"));
        }
        return;
      }
      request = message;
    }

    @Override
    public void onHalfClose() {
      if (refused) {
        return; // its memory has been given back
      }
      InferRequest received = request;
      if (received == null) {
        refuse(Failure.invalid("ModelInfer: no message (expected one)"));
        return;
      }
      if (routes.isDormant(received.modelName())) {
        awaitLoad(received);
      } else {
        submitOrRefuse(received);
      }
    }

    private void submitOrRefuse(InferRequest received) {
      try {
        task = submit(call, received, this, tenant);
      } catch (InferException e) {
        if (e.failure().kind() == Failure.Kind.NOT_READY
            && routes.isDormant(received.modelName())) {
          awaitLoad(received); // it fell asleep just now
        } else {
          refuse(e.failure());
        }
      } catch (Throwable e) {
        // gRPC would tell the caller UNKNOWN, and nothing more
        log.error("ModelInfer failed", e);
        refuse(new Failure(Failure.Kind.ENGINE, "the gateway failed: " + e));
      }
    }

    /** The model is loaded now that it is called: the request waits for that. */
    private void awaitLoad(InferRequest received) {
      long bytes = received.byteLength();
      if (!coldStarts.enter(bytes)) {
        refuse(
            new Failure(
                Failure.Kind.NOT_READY,
                "model '%s' is being loaded, and as many requests wait for that as may"
                    .formatted(received.modelName())));
        return;
      }
      routes.wake(received.modelName());
      lookAgain(Context.current(), sinks.current(), received, bytes, ColdStarts.LOOKS);
    }

    private void lookAgain(
        Context context, LoopSink loop, InferRequest received, long bytes, int looks) {
      Runnable look =
          () -> {
            if (call.isCancelled()) { // its memory has been given back
              coldStarts.leave(bytes);
            } else if (looks > 0 && routes.isDormant(received.modelName())) {
              routes.wake(received.modelName()); // others may have needed its memory meanwhile
              lookAgain(context, loop, received, bytes, looks - 1);
            } else {
              coldStarts.leave(bytes);
              submitOrRefuse(received);
            }
          };
      if (!loop.later(context.wrap(look), ColdStarts.LOOK_MILLIS)) {
        coldStarts.leave(bytes);
        submitOrRefuse(received);
      }
    }

    @Override
    public void onComplete() {
      openCalls.end();
    }

    @Override
    public void onCancel() {
      openCalls.end();
      if (task != null) {
        task.cancel();
      } else if (request != null) {
        request.close();
      }
    }

    private void refuse(Failure failure) {
      refused = true;
      if (request != null) {
        request.close();
      }
      if (!call.isCancelled()) {
        call.close(StatusMapper.status(failure), StatusMapper.trailers(failure));
      }
    }
  }

  /** Queues a request. If this throws, nobody else holds the request or a lease. */
  private InferCall submit(
      ServerCall<InferRequest, InferResponse> call,
      InferRequest request,
      Routes.Caller caller,
      int tenant)
      throws InferException {
    ServedVersion served;
    try {
      Failure problem = request.problem();
      if (problem != null) {
        throw new InferException(problem);
      }
      served = routes.acquire(request.modelName(), request.modelVersion(), caller);
    } catch (InferException e) {
      unrouted.count(e.failure().kind());
      throw e;
    }
    InferCall task;
    try {
      task = task(call, request, served, tenant);
      long untilDeadline = task.deadlineNanos() - task.arrivalNanos();
      rests.current().asked(Math.min(served.waitNanos(task), untilDeadline));
    } catch (InferException e) {
      served.statistics().failed(e.failure().kind());
      served.release();
      throw e;
    } catch (Throwable e) {
      served.release();
      throw e;
    }
    task.loopSink().replicas().submit(task); // answers the task, whatever goes wrong
    return task;
  }

  private InferCall task(
      ServerCall<InferRequest, InferResponse> call,
      InferRequest request,
      ServedVersion served,
      int tenant)
      throws InferException {
    CheckedInputs inputs = served.checker().check(new Inputs(request));
    int[] wanted = wantedOutputs(request.requestedOutputs(), served);
    long now = served.nanoTime();
    Terms.Asked asked = SchedulingParameters.asked(request, deadlineNanos(now), tenant);
    return new InferCall(
        call,
        request,
        served,
        inputs,
        templates.get().computeIfAbsent(served, InferService::template),
        wanted,
        sinks.current(),
        now,
        served.terms(now, asked));
  }

  /** When the call's time is over; Long.MAX_VALUE if it has no end. */
  private static long deadlineNanos(long nowNanos) {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null
        ? Long.MAX_VALUE
        : Terms.after(nowNanos, deadline.timeRemaining(TimeUnit.NANOSECONDS));
  }

  private static ResponseTemplate template(ServedVersion served) {
    return new ResponseTemplate(
        served.name(), Long.toString(served.version()), served.signature().outputs());
  }

  /** The request's tensors, as the checker asks for them. */
  private record Inputs(InferRequest request) implements InputChecker.Given {
    @Override
    public int count() {
      return request.inputCount();
    }

    @Override
    public String name(int index) {
      return request.input(index).name();
    }

    @Override
    public TensorView tensor(int index) {
      return request.input(index).view();
    }
  }

  /** Numbers of the outputs asked for, in that order; null if none is named, which means all. */
  private static int @Nullable [] wantedOutputs(List<String> names, ServedVersion served)
      throws InferException {
    if (names.isEmpty()) {
      return null;
    }
    ModelSignature signature = served.signature();
    int[] wanted = new int[names.size()];
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = signature.outputIndex(names.get(i));
      if (wanted[i] < 0) {
        throw InferException.invalid(
            "output '%s': unknown to model '%s' (expected one of %s)"
                .formatted(names.get(i), served.name(), signature.outputs()));
      }
    }
    return wanted;
  }
}
