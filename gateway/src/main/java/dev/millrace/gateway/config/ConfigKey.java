// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import com.sun.management.OperatingSystemMXBean;
import dev.millrace.backends.repository.LeftStaging;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Supplier;

/**
 * The table of settings: a key's name, type, default and meaning, once.
 *
 * <p>The YAML keys, the {@code MILLRACE_…} variables, {@code --set}, the output of {@code
 * check-config} and the reference page all come from it. A new key is a constant here, its place in
 * {@link #ALL}, and a component of {@link GatewayConfig}.
 */
public final class ConfigKey<T> {
  private static final int KIB = 1 << 10;
  private static final int MIB = 1 << 20;

  public static final ConfigKey<List<ModelLocation>> REPOSITORIES =
      key(
          "repositories",
          ValueType.locations(
              "a list of directories and s3://BUCKET/PREFIX",
              location -> !(location instanceof ModelLocation.Mlflow)),
          List.of(),
          "Folders and buckets that hold the models, one folder a model; all of them are served. A"
              + " model that two of them hold is served from neither. A bucket may have"
              + " [credentials of its own](#credentials-of-one-registry).");

  public static final ConfigKey<List<ModelLocation>> REGISTRIES =
      key(
          "registries",
          ValueType.locations(
              "a list of mlflow+http://HOST:PORT, mlflow+https://HOST:PORT and s3://BUCKET/PREFIX",
              location -> !(location instanceof ModelLocation.Folder)),
          List.of(),
          "Registries on other machines. Their models are served once they are deployed. Each may"
              + " have [credentials of its own](#credentials-of-one-registry).");

  public static final ConfigKey<Duration> REGISTRY_POLL_INTERVAL =
      key(
          "registry_poll_interval",
          ValueType.duration(Duration.ofMillis(100), Duration.ofHours(24)),
          Duration.ofSeconds(5),
          "Time between two looks at what aliases and `latest` of deployments mean.");

  public static final ConfigKey<ModelControl> MODEL_CONTROL =
      key(
          "model_control",
          ValueType.oneOf(ModelControl.class),
          ModelControl.NONE,
          "What changes the set of models while the gateway runs: `none`, `poll` to look through"
              + " the repositories again and again, or `explicit` for calls of RepositoryModelLoad"
              + " and RepositoryModelUnload.");

  public static final ConfigKey<List<String>> LOAD_MODELS =
      key(
          "load_models",
          ValueType.names(),
          List.of(),
          "Models to load at the start with `model_control: explicit`; `*` for all there are.");

  public static final ConfigKey<Duration> POLL_INTERVAL =
      key(
          "poll_interval",
          ValueType.duration(Duration.ofMillis(100), Duration.ofHours(24)),
          Duration.ofSeconds(2),
          "Time between two looks through the repositories with `model_control: poll`.");

  public static final ConfigKey<Path> STAGING_DIRECTORY =
      new ConfigKey<>(
          "staging_directory",
          ValueType.path(),
          () ->
              Path.of(
                  System.getProperty("java.io.tmpdir", "/tmp"),
                  LeftStaging.nameOf(ProcessHandle.current().pid())),
          "`millrace-<pid>` in the system's folder for temporary files",
          "Folder for copies of the models being served, so that a change in a repository never"
              + " touches them. Beside the one of the default, what gateways that were killed have"
              + " left is deleted at a start.");

  public static final ConfigKey<Optional<Path>> DATA_DIRECTORY =
      key(
          "data_directory",
          ValueType.optionalPath(),
          Optional.empty(),
          "Folder in which the gateway keeps its registry and its deployments. Without it, nothing"
              + " can be pushed or deployed.");

  public static final ConfigKey<Long> MEMORY_BUDGET =
      new ConfigKey<>(
          "memory_budget",
          ValueType.bytes(MIB, 1L << 50),
          ConfigKey::memoryForModels,
          "four fifths of the memory that this machine or container has beyond the Java heap",
          "Memory for all models together, each reckoned with twice the size of its files. One that"
              + " does not fit is not loaded; models that are loaded when they are called"
              + " (`autoscale.min` 0) make room, the one that was not called for longest first.");

  public static final ConfigKey<Optional<Long>> GPU_MEMORY_BUDGET =
      key(
          "gpu_memory_budget",
          ValueType.optionalBytes(MIB, 1L << 50),
          Optional.empty(),
          "Memory of each GPU for all models together, each reckoned with its `gpu_memory` or twice"
              + " the size of its files; nine tenths of what NVIDIA's driver says that there is,"
              + " unless given. One that does not fit runs on the processor, or waits"
              + " if its configuration requires a GPU or only another version of it is in the way.");

  public static final ConfigKey<Optional<Path>> ORT_NATIVES =
      key(
          "ort_natives",
          ValueType.optionalPath(),
          Optional.empty(),
          "Folder with another build of ONNX Runtime's native libraries, in place of those in the"
              + " jar: one for CUDA 13, say. It has to be of the jar's version. `millrace natives"
              + " fetch` makes one, `millrace devices` shows what comes of it.");

  public static final ConfigKey<Optional<Path>> CACHE_DIRECTORY =
      key(
          "cache_directory",
          ValueType.optionalPath(),
          Optional.empty(),
          "Folder for what was fetched from other machines; a gateway can be restarted from it"
              + " without them. `cache` in `data_directory`, or else in `staging_directory`, unless"
              + " given.");

  public static final ConfigKey<Long> CACHE_MAX_BYTES =
      key(
          "cache_max_bytes",
          ValueType.bytes(MIB, 1L << 50),
          20L << 30,
          "Size of that folder at most. What was not used for longest goes first, what is loaded"
              + " never.");

  public static final ConfigKey<Optional<URI>> S3_ENDPOINT =
      key(
          "s3_endpoint",
          ValueType.optionalServer(),
          Optional.empty(),
          "Server for `s3://` that is not Amazon's, where a bucket has no `endpoint` of its own."
              + " Credentials are looked for where the AWS tools do.");

  public static final ConfigKey<Optional<String>> S3_REGION =
      key(
          "s3_region",
          ValueType.optionalText("a region's name"),
          Optional.empty(),
          "Region of `s3://`, where a bucket has no `region` of its own; where the AWS tools look for"
              + " it, unless given.");

  public static final ConfigKey<Optional<String>> MLFLOW_USERNAME =
      key(
          "mlflow_username",
          ValueType.optionalText("a name"),
          Optional.empty(),
          "Name for MLflow's basic authentication, at every server that has no credentials of its"
              + " own.");

  public static final ConfigKey<Optional<Path>> MLFLOW_PASSWORD_FILE =
      key(
          "mlflow_password_file",
          ValueType.optionalPath(),
          Optional.empty(),
          "File with the password that belongs to `mlflow_username`.");

  public static final ConfigKey<Optional<Path>> MLFLOW_TOKEN_FILE =
      key(
          "mlflow_token_file",
          ValueType.optionalPath(),
          Optional.empty(),
          "File with a token for MLflow (`authorization: Bearer TOKEN`), in place of a password.");

  public static final ConfigKey<Optional<Path>> MLFLOW_WEBHOOK_SECRET_FILE =
      key(
          "mlflow_webhook_secret_file",
          ValueType.optionalPath(),
          Optional.empty(),
          "File with the secret of a webhook of MLflow that points to `/admin/v1/hooks/mlflow`: aliases"
              + " that move are then noticed at once, and not only every `registry_poll_interval`.");

  public static final ConfigKey<Optional<Path>> ADMIN_TOKEN_FILE =
      key(
          "admin_token_file",
          ValueType.optionalPath(),
          Optional.empty(),
          "File with the token that changes need (`authorization: Bearer TOKEN`). Without it, they"
              + " are accepted from this machine only.");

  public static final ConfigKey<String> HOST =
      key(
          "host",
          ValueType.text("a host name or an address"),
          "127.0.0.1",
          "Address to listen on. `0.0.0.0` listens on all; only changes are guarded (`admin_token_file`).");

  public static final ConfigKey<Integer> GRPC_PORT =
      key(
          "grpc_port",
          ValueType.number(0, 65535),
          8001,
          "Port of the gRPC interface. `0` picks a free one.");

  public static final ConfigKey<Integer> HTTP_PORT =
      key(
          "http_port",
          ValueType.number(-1, 65535),
          8000,
          "Port of health checks, metrics and administration over HTTP. `0` picks a free one, `-1` opens none.");

  public static final ConfigKey<Integer> MAX_MESSAGE_BYTES =
      key(
          "max_message_bytes",
          ValueType.size(KIB, Integer.MAX_VALUE),
          256 * MIB,
          "Largest request that is read; a larger one fails with RESOURCE_EXHAUSTED.");

  public static final ConfigKey<Integer> MAX_METADATA_BYTES =
      key(
          "max_metadata_bytes",
          ValueType.size(KIB, 16 * MIB),
          16 * KIB,
          "Largest sum of a call's headers. Access tokens travel there, and some are large.");

  public static final ConfigKey<Integer> MAX_CALLS_PER_CONNECTION =
      key(
          "max_calls_per_connection",
          ValueType.number(1, 1_000_000),
          4096,
          "Calls that one connection may have open at a time; further ones wait in the client.");

  public static final ConfigKey<Integer> EVENT_LOOPS =
      key(
          "event_loops",
          ValueType.number(0, 1024),
          0,
          "Threads that read requests and write answers. `0` takes half of the cores, at least"
              + " one, and leaves the others to the models.");

  public static final ConfigKey<TransportKind> TRANSPORT =
      key(
          "transport",
          ValueType.oneOf(TransportKind.class),
          TransportKind.AUTO,
          "How event loops reach their sockets: `epoll`, `io_uring` or `nio`. `auto` takes epoll on"
              + " Linux and nio elsewhere.");

  public static final ConfigKey<Duration> BUSY_POLL =
      key(
          "busy_poll",
          ValueType.duration(Duration.ZERO, Duration.ofMillis(10)),
          Duration.ofNanos(50_000),
          "How long an event loop goes on looking for requests, after the last thing it had to do,"
              + " before it sleeps. A caller that sends its next request in that time need not wait"
              + " for a thread to wake up. `0s` has it sleep at once. Without effect with"
              + " io_uring.");

  public static final ConfigKey<Duration> INLINE_BUDGET =
      key(
          "inline_budget",
          ValueType.duration(Duration.ZERO, Duration.ofMillis(100)),
          Duration.ofNanos(100_000),
          "What a batch may cost for an event loop to run it itself, which spares small models the"
              + " way to another thread; costs are learned. `0s` leaves every batch to the"
              + " replicas.");

  public static final ConfigKey<Duration> SHUTDOWN_GRACE =
      key(
          "shutdown_grace",
          ValueType.duration(Duration.ZERO, Duration.ofHours(1)),
          Duration.ofSeconds(30),
          "Time that accepted requests get to finish after SIGTERM. Keep it below the time the"
              + " platform waits before it kills.");

  public static final ConfigKey<String> TENANT_HEADER =
      key(
          "tenant_header",
          ValueType.header(),
          "",
          "Header that names the tenant a call belongs to. Of a model that is asked for more than it"
              + " can do in time, tenants get equal shares, or shares by `tenant_weights`. A name of"
              + " more than 128 characters counts as none.");

  public static final ConfigKey<SequencedMap<String, Double>> TENANT_WEIGHTS =
      key(
          "tenant_weights",
          ValueType.weights(GatewayConfig.Sharing.MOST_WEIGHTS),
          Collections.unmodifiableSequencedMap(new LinkedHashMap<>()),
          "Shares of single tenants, where others have 1. A map in YAML (`{gold: 3, silver: 1.5}`),"
              + " elsewhere `gold=3,silver=1.5`. Tenants without a weight are told apart by a hash of"
              + " their names, so that two of them may count as one.");

  public static final ConfigKey<LogFormat> LOG_FORMAT =
      key(
          "log_format",
          ValueType.oneOf(LogFormat.class),
          LogFormat.TEXT,
          "How log events are written on standard error: `text`, or `json` for one object a line.");

  public static final ConfigKey<LogLevel> LOG_LEVEL =
      key(
          "log_level",
          ValueType.oneOf(LogLevel.class),
          LogLevel.INFO,
          "The least important events that are logged.");

  /** All keys, in the order in which a person wants to read them. */
  public static final List<ConfigKey<?>> ALL =
      List.of(
          REPOSITORIES,
          REGISTRIES,
          REGISTRY_POLL_INTERVAL,
          MODEL_CONTROL,
          LOAD_MODELS,
          POLL_INTERVAL,
          STAGING_DIRECTORY,
          DATA_DIRECTORY,
          MEMORY_BUDGET,
          GPU_MEMORY_BUDGET,
          ORT_NATIVES,
          CACHE_DIRECTORY,
          CACHE_MAX_BYTES,
          S3_ENDPOINT,
          S3_REGION,
          MLFLOW_USERNAME,
          MLFLOW_PASSWORD_FILE,
          MLFLOW_TOKEN_FILE,
          MLFLOW_WEBHOOK_SECRET_FILE,
          ADMIN_TOKEN_FILE,
          HOST,
          GRPC_PORT,
          HTTP_PORT,
          MAX_MESSAGE_BYTES,
          MAX_METADATA_BYTES,
          MAX_CALLS_PER_CONNECTION,
          EVENT_LOOPS,
          TRANSPORT,
          BUSY_POLL,
          INLINE_BUDGET,
          SHUTDOWN_GRACE,
          TENANT_HEADER,
          TENANT_WEIGHTS,
          LOG_FORMAT,
          LOG_LEVEL);

  private final String name;
  private final ValueType<T> type;
  private final Supplier<T> defaultValue;
  private final String defaultText;
  private final String doc;

  private ConfigKey(
      String name, ValueType<T> type, Supplier<T> defaultValue, String defaultText, String doc) {
    this.name = name;
    this.type = type;
    this.defaultValue = defaultValue;
    this.defaultText = defaultText;
    this.doc = doc;
  }

  private static long memoryForModels() {
    long heap = Runtime.getRuntime().maxMemory();
    long total =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    return Math.max(64L * MIB, (total - heap) / 5 * 4);
  }

  private static <T> ConfigKey<T> key(String name, ValueType<T> type, T defaultValue, String doc) {
    String text = type.format().apply(defaultValue);
    return new ConfigKey<>(
        name, type, () -> defaultValue, text.isEmpty() ? "none" : "`" + text + "`", doc);
  }

  static Optional<ConfigKey<?>> named(String name) {
    return ALL.stream().<ConfigKey<?>>map(key -> key).filter(k -> k.name.equals(name)).findFirst();
  }

  /** As written in a file and after {@code --set}. */
  public String name() {
    return name;
  }

  /** The environment variable that sets it. */
  public String variable() {
    return "MILLRACE_" + name.toUpperCase(Locale.ROOT);
  }

  /** What a value looks like, such as {@code 0..65535}. */
  public String expected() {
    return type.expected();
  }

  /** What it is for, in Markdown. */
  public String doc() {
    return doc;
  }

  /** The default in Markdown. */
  public String defaultText() {
    return defaultText;
  }

  /** Whether a YAML file may give it as a map, which becomes a list of {@code name=value}. */
  boolean takesMap() {
    return type.isMap();
  }

  /** Whether an item of a list may be a map in a YAML file: its {@code url}, and options. */
  boolean takesOptions() {
    return type.hasOptions();
  }

  T defaultValue() {
    return defaultValue.get();
  }

  Optional<T> parse(Setting setting) throws ValueProblem {
    return type.parse(setting);
  }

  String format(T value) {
    return type.format().apply(value);
  }

  /** Returns the value if it is allowed; {@link IllegalArgumentException} otherwise. */
  T require(T value) {
    if (!type.isValid().test(value)) {
      throw new IllegalArgumentException(problem(format(value)));
    }
    return value;
  }

  String problem(String shown) {
    return "%s: %s (expected %s)".formatted(name, shown, type.expected());
  }

  @Override
  public String toString() {
    return name;
  }
}
