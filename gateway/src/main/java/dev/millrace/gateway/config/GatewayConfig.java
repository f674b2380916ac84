// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.DoubleStream;

/**
 * What a gateway is started with. Immutable; a value that is not allowed cannot be in it.
 *
 * <p>Made from {@link ConfigValues}: {@code GatewayConfig.from(ConfigValues.defaults()
 * .with(ConfigKey.GRPC_PORT, 0))}. {@link ConfigKey} says what each component means.
 *
 * @param values what it was made from, with where each came from
 */
public record GatewayConfig(
    Repository repository,
    Remote remote,
    Administration administration,
    Listen listen,
    Limits limits,
    Serving serving,
    Engines engines,
    Sharing sharing,
    Logging logging,
    ConfigValues values) {

  /**
   * Where models come from.
   *
   * @param locations of models that are all served
   * @param registries of models that are served once they are deployed
   */
  public record Repository(
      List<ModelLocation> locations,
      List<ModelLocation> registries,
      Duration registryPollInterval,
      ModelControl modelControl,
      List<String> loadModels,
      Duration pollInterval,
      Path stagingDirectory) {
    public Repository {
      locations = List.copyOf(locations);
      registries = List.copyOf(registries);
      loadModels = List.copyOf(loadModels);
      ConfigKey.REPOSITORIES.require(locations);
      ConfigKey.REGISTRIES.require(registries);
      ConfigKey.REGISTRY_POLL_INTERVAL.require(registryPollInterval);
      ConfigKey.POLL_INTERVAL.require(pollInterval);
    }
  }

  /** How places on other machines are reached, and where what is fetched from them is kept. */
  public record Remote(Cache cache, S3 s3, Mlflow mlflow) {

    /** What was fetched. */
    public record Cache(Optional<Path> directory, long maxBytes) {
      public Cache {
        ConfigKey.CACHE_MAX_BYTES.require(maxBytes);
      }
    }

    /** Of every {@code s3://} that has nothing else of its own. */
    public record S3(Optional<URI> endpoint, Optional<String> region) {}

    /**
     * Of {@code mlflow+http://}.
     *
     * @param access to every server that has no other of its own
     */
    public record Mlflow(MlflowAccess access, Optional<Path> webhookSecretFile) {}
  }

  /** Who may change what is served, and where that is kept. */
  public record Administration(Optional<Path> dataDirectory, Optional<Path> tokenFile) {}

  /** Where clients reach the gateway. */
  public record Listen(String host, int grpcPort, int httpPort) {
    public Listen {
      ConfigKey.HOST.require(host);
      ConfigKey.GRPC_PORT.require(grpcPort);
      ConfigKey.HTTP_PORT.require(httpPort);
      if (isSamePort(grpcPort, httpPort)) {
        throw new IllegalArgumentException(samePort(httpPort));
      }
    }

    static boolean isSamePort(int grpcPort, int httpPort) {
      return grpcPort == httpPort && grpcPort != 0;
    }

    static String samePort(int port) {
      return "http_port: %d (expected another than grpc_port)".formatted(port);
    }
  }

  /** What one client may ask for. */
  public record Limits(int maxMessageBytes, int maxMetadataBytes, int maxCallsPerConnection) {
    public Limits {
      ConfigKey.MAX_MESSAGE_BYTES.require(maxMessageBytes);
      ConfigKey.MAX_METADATA_BYTES.require(maxMetadataBytes);
      ConfigKey.MAX_CALLS_PER_CONNECTION.require(maxCallsPerConnection);
    }
  }

  /**
   * How requests are served.
   *
   * @param eventLoops 0 leaves the number to {@link #eventLoopCount}
   */
  public record Serving(
      int eventLoops,
      TransportKind transport,
      Duration busyPoll,
      Duration inlineBudget,
      Duration shutdownGrace,
      long memoryBudget) {
    public Serving {
      ConfigKey.MEMORY_BUDGET.require(memoryBudget);
      ConfigKey.EVENT_LOOPS.require(eventLoops);
      ConfigKey.BUSY_POLL.require(busyPoll);
      ConfigKey.INLINE_BUDGET.require(inlineBudget);
      ConfigKey.SHUTDOWN_GRACE.require(shutdownGrace);
    }

    /** How many event loops to start on a machine of so many cores. */
    public int eventLoopCount(int cores) {
      return eventLoops > 0 ? eventLoops : Math.max(1, cores / 2);
    }
  }

  /**
   * What runs the models.
   *
   * @param ortNatives native libraries of ONNX Runtime in place of the jar's
   * @param gpuMemoryBudget bytes of each GPU; empty to take it from what the driver says
   */
  public record Engines(Optional<Path> ortNatives, Optional<Long> gpuMemoryBudget) {
    public Engines {
      ConfigKey.GPU_MEMORY_BUDGET.require(gpuMemoryBudget);
    }
  }

  /**
   * How callers share a gateway that cannot serve them all.
   *
   * @param tenantHeader the header that names a call's tenant; empty if there are none
   * @param tenantWeights weights of those tenants that have one, in the order of their numbers from
   *     1 on
   */
  public record Sharing(String tenantHeader, SequencedMap<String, Double> tenantWeights) {
    /** Tenants that are told apart, calls of nobody included. */
    public static final int TENANTS = 16;

    /** Names and weights at most: one number is left for all others, and one for nobody. */
    public static final int MOST_WEIGHTS = TENANTS - 2;

    /** Of a tenant's name; a longer one is nobody's. */
    public static final int MOST_NAME_LENGTH = 128;

    public Sharing {
      tenantWeights = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tenantWeights));
      ConfigKey.TENANT_HEADER.require(tenantHeader);
      ConfigKey.TENANT_WEIGHTS.require(tenantWeights);
    }

    /** The weight of each number; those beyond have 1. */
    public double[] weightsByNumber() {
      return DoubleStream.concat(
              DoubleStream.of(1), tenantWeights.values().stream().mapToDouble(weight -> weight))
          .toArray();
    }
  }

  /** What is logged, and how. */
  public record Logging(LogFormat format, LogLevel level) {}

  public static GatewayConfig defaults() {
    return from(ConfigValues.defaults());
  }

  public static GatewayConfig from(ConfigValues values) {
    return new GatewayConfig(
        new Repository(
            values.get(ConfigKey.REPOSITORIES),
            values.get(ConfigKey.REGISTRIES),
            values.get(ConfigKey.REGISTRY_POLL_INTERVAL),
            values.get(ConfigKey.MODEL_CONTROL),
            values.get(ConfigKey.LOAD_MODELS),
            values.get(ConfigKey.POLL_INTERVAL),
            values.get(ConfigKey.STAGING_DIRECTORY)),
        new Remote(
            new Remote.Cache(
                values.get(ConfigKey.CACHE_DIRECTORY), values.get(ConfigKey.CACHE_MAX_BYTES)),
            new Remote.S3(values.get(ConfigKey.S3_ENDPOINT), values.get(ConfigKey.S3_REGION)),
            new Remote.Mlflow(
                new MlflowAccess(
                    values.get(ConfigKey.MLFLOW_USERNAME),
                    values.get(ConfigKey.MLFLOW_PASSWORD_FILE),
                    values.get(ConfigKey.MLFLOW_TOKEN_FILE)),
                values.get(ConfigKey.MLFLOW_WEBHOOK_SECRET_FILE))),
        new Administration(
            values.get(ConfigKey.DATA_DIRECTORY), values.get(ConfigKey.ADMIN_TOKEN_FILE)),
        new Listen(
            values.get(ConfigKey.HOST),
            values.get(ConfigKey.GRPC_PORT),
            values.get(ConfigKey.HTTP_PORT)),
        new Limits(
            values.get(ConfigKey.MAX_MESSAGE_BYTES),
            values.get(ConfigKey.MAX_METADATA_BYTES),
            values.get(ConfigKey.MAX_CALLS_PER_CONNECTION)),
        new Serving(
            values.get(ConfigKey.EVENT_LOOPS),
            values.get(ConfigKey.TRANSPORT),
            values.get(ConfigKey.BUSY_POLL),
            values.get(ConfigKey.INLINE_BUDGET),
            values.get(ConfigKey.SHUTDOWN_GRACE),
            values.get(ConfigKey.MEMORY_BUDGET)),
        new Engines(values.get(ConfigKey.ORT_NATIVES), values.get(ConfigKey.GPU_MEMORY_BUDGET)),
        new Sharing(values.get(ConfigKey.TENANT_HEADER), values.get(ConfigKey.TENANT_WEIGHTS)),
        new Logging(values.get(ConfigKey.LOG_FORMAT), values.get(ConfigKey.LOG_LEVEL)),
        values);
  }
}
