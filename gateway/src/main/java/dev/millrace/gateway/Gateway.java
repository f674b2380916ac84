// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway;

import com.sun.net.httpserver.HttpHandler;
import dev.millrace.backends.deployment.DeploymentStore;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.natives.NativesException;
import dev.millrace.backends.natives.OrtNatives;
import dev.millrace.backends.nvml.GpuMonitor;
import dev.millrace.backends.nvml.GpuReading;
import dev.millrace.backends.nvml.Nvml;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.serving.Autoscaler;
import dev.millrace.backends.serving.Chosen;
import dev.millrace.backends.serving.GpuLedger;
import dev.millrace.backends.serving.Inlining;
import dev.millrace.backends.serving.MemoryLedger;
import dev.millrace.backends.serving.Reconciler;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.Tally;
import dev.millrace.batching.Fairness;
import dev.millrace.gateway.admin.Administration;
import dev.millrace.gateway.admin.DeploymentFiles;
import dev.millrace.gateway.admin.Intake;
import dev.millrace.gateway.admin.RepositoryControl;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.GatewayConfig;
import dev.millrace.gateway.config.LiveSettings;
import dev.millrace.gateway.config.LiveSettings.Changeable;
import dev.millrace.gateway.config.LogLevel;
import dev.millrace.gateway.config.ModelControl;
import dev.millrace.gateway.hooks.MlflowHook;
import dev.millrace.gateway.http.HttpEndpoint;
import dev.millrace.gateway.kserve.GrpcEndpoint;
import dev.millrace.gateway.metrics.GpuCollector;
import dev.millrace.gateway.metrics.LimitReader;
import dev.millrace.gateway.metrics.RegistryCollector;
import dev.millrace.gateway.metrics.ServingCollector;
import dev.millrace.gateway.metrics.VersionMetrics;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.hotspot.DefaultExports;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running gateway: this class is where everything is put together, top to bottom.
 *
 * <p>It listens before it loads, so that probes and early callers get an answer (UNAVAILABLE, and
 * why) while models come up.
 */
public final class Gateway implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Gateway.class);

  /** Of the grace time; most calls of the administration take milliseconds. */
  private static final int GRACE_PER_INTAKE = 4;

  private final AtomicLong graceNanos;
  private final Intake intake;
  private final Routes routes;
  private final Reconciler reconciler;
  private final Autoscaler autoscaler;
  private final Deployments deployments;
  private final ModelSources sources;
  private final GpuMonitor gpus;
  private final GrpcEndpoint grpc;
  private final Optional<HttpEndpoint> http;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch terminated = new CountDownLatch(1);

  private Gateway(
      AtomicLong graceNanos,
      Intake intake,
      Routes routes,
      Reconciler reconciler,
      Autoscaler autoscaler,
      Deployments deployments,
      ModelSources sources,
      GpuMonitor gpus,
      GrpcEndpoint grpc,
      Optional<HttpEndpoint> http) {
    this.graceNanos = graceNanos;
    this.intake = intake;
    this.routes = routes;
    this.reconciler = reconciler;
    this.autoscaler = autoscaler;
    this.deployments = deployments;
    this.sources = sources;
    this.gpus = gpus;
    this.grpc = grpc;
    this.http = http;
  }

  /**
   * Starts everything, and returns when each model has been tried once: {@link #listen}, then
   * {@link #awaitModels}.
   *
   * @throws GatewayStartException if an address cannot be bound, a repository is no directory, or
   *     the native libraries cannot be used
   */
  public static Gateway start(GatewayConfig config)
      throws GatewayStartException, InterruptedException {
    Gateway gateway = listen(config);
    gateway.awaitModels();
    return gateway;
  }

  /**
   * Listens, and begins to load. A model that cannot be loaded is no reason not to start.
   *
   * @throws GatewayStartException if an address cannot be bound, a repository is no directory, or
   *     the native libraries cannot be used
   */
  public static Gateway listen(GatewayConfig config) throws GatewayStartException {
    return listen(config, List.of());
  }

  /**
   * The same, for a process whose log is the gateway's.
   *
   * @param logLevel sets the least important events that are logged, when that is changed
   */
  public static Gateway listen(GatewayConfig config, Consumer<LogLevel> logLevel)
      throws GatewayStartException {
    return listen(config, List.of(new Changeable<>(ConfigKey.LOG_LEVEL, logLevel)));
  }

  private static Gateway listen(GatewayConfig config, List<Changeable<?>> changeable)
      throws GatewayStartException {
    chooseNatives(config);
    Map<String, Backend> backends = backends();
    EventLog events = new EventLog(InstantSource.system());
    Deployments deployments = deployments(config, events);
    ModelSources sources = ModelSources.open(config, defaultFileNames(backends));
    HealthView health = new HealthView();
    Routes routes = new Routes(health::refresh);
    health.watch(routes::isReady);
    int cores = Runtime.getRuntime().availableProcessors();
    boolean isExplicit = config.repository().modelControl() == ModelControl.EXPLICIT;
    AtomicLong graceNanos = new AtomicLong(config.serving().shutdownGrace().toNanos());
    VersionMetrics versionMetrics = new VersionMetrics(routes, deployments);
    GpuMonitor gpus = Nvml.open();
    MemoryLedger memory =
        new MemoryLedger(
            config.serving().memoryBudget(), gpuMemory(config, gpus), System::nanoTime);
    Reconciler reconciler =
        new Reconciler(
            sources.repository(),
            backends.values(),
            routes,
            deployments,
            !config.repository().locations().isEmpty(),
            isExplicit ? Chosen.of(config.repository().loadModels()) : Chosen.all(),
            memory,
            graceNanos::get,
            new Inlining(config.serving().eventLoopCount(cores), config.serving().inlineBudget()),
            new Fairness(config.sharing().weightsByNumber()),
            new LimitReader(versionMetrics),
            System::nanoTime);
    Tally<Failure.Kind> unrouted = new Tally<>(Failure.Kind.class);
    CollectorRegistry metrics = new CollectorRegistry();
    metrics.register(new ServingCollector(versionMetrics, memory, unrouted));
    DefaultExports.register(metrics);
    metrics.register(new GpuCollector(gpus));

    Intake intake = new Intake();
    GrpcEndpoint grpc = null;
    try {
      MlflowHook hook = hook(config, reconciler);
      metrics.register(new RegistryCollector(sources.remotes(), sources.cache(), hook.outcomes()));
      Optional<Administration> administration = Optional.empty();
      if (sources.registry().isPresent()) {
        administration =
            Optional.of(
                new Administration(
                    deployments,
                    events,
                    sources.registry().get(),
                    routes,
                    Objects.requireNonNull(backends.get(ModelManifest.DEFAULT_BACKEND)),
                    reconciler.room(),
                    adminToken(config),
                    intake,
                    settings(config, changeable, reconciler, memory, graceNanos),
                    version(),
                    InstantSource.system(),
                    reconciler::declarationsChanged));
      }
      grpc =
          GrpcEndpoint.start(
              config,
              cores,
              routes,
              unrouted,
              health.service(),
              RepositoryControl.service(
                  reconciler, sources.repository(), events, isExplicit, adminToken(config), intake),
              administration.map(Administration::services).orElse(List.of()),
              version());
      Gateway gateway =
          new Gateway(
              graceNanos,
              intake,
              routes,
              reconciler,
              new Autoscaler(deployments, routes, events, cores),
              deployments,
              sources,
              gpus,
              grpc,
              startHttp(config, metrics, routes, handlers(administration, hook)));
      String host = config.listen().host();
      log.info(
          "listening: gRPC on {}:{}, HTTP {}",
          host,
          gateway.grpcPort(),
          gateway.http.isPresent() ? "on " + host + ":" + gateway.httpPort() : "off");
      boolean poll = config.repository().modelControl() == ModelControl.POLL;
      reconciler.start(
          poll ? config.repository().pollInterval().toNanos() : 0,
          config.repository().registryPollInterval().toNanos());
      gateway.autoscaler.start();
      return gateway;
    } catch (IOException e) {
      stop(grpc, reconciler);
      deployments.close();
      sources.close();
      gpus.close();
      throw new GatewayStartException(e.getMessage() != null ? e.getMessage() : e.toString(), e);
    }
  }

  /** What holds, and what of it may be changed while the gateway runs. */
  private static LiveSettings settings(
      GatewayConfig config,
      List<Changeable<?>> others,
      Reconciler reconciler,
      MemoryLedger memory,
      AtomicLong graceNanos) {
    List<Changeable<?>> changeable = new ArrayList<>(others);
    changeable.add(new Changeable<>(ConfigKey.MEMORY_BUDGET, memory::setBudgetBytes));
    changeable.add(
        new Changeable<>(
            ConfigKey.REGISTRY_POLL_INTERVAL,
            interval -> reconciler.pollSelectorsEvery(interval.toNanos())));
    if (config.repository().modelControl() == ModelControl.POLL) {
      changeable.add(
          new Changeable<>(
              ConfigKey.POLL_INTERVAL, interval -> reconciler.pollEvery(interval.toNanos())));
    }
    changeable.add(
        new Changeable<>(ConfigKey.SHUTDOWN_GRACE, grace -> graceNanos.set(grace.toNanos())));
    return new LiveSettings(config.values(), changeable);
  }

  private static void stop(@Nullable GrpcEndpoint grpc, Reconciler reconciler) {
    if (grpc != null) {
      grpc.stop(0);
    }
    reconciler.close();
  }

  private static void chooseNatives(GatewayConfig config) throws GatewayStartException {
    Optional<Path> directory = config.engines().ortNatives();
    if (directory.isEmpty()) {
      return;
    }
    try {
      log.info("ONNX Runtime of {}", OrtNatives.use(directory.get()).runtime());
    } catch (NativesException e) {
      throw new GatewayStartException("ort_natives: " + e.getMessage(), e);
    }
  }

  /** What the driver does not know of is not limited here. */
  private static GpuLedger gpuMemory(GatewayConfig config, GpuMonitor gpus) {
    Map<Device, Long> budgets = new TreeMap<>();
    for (GpuReading gpu : gpus.read()) {
      // a tenth for what each process and library takes of it
      gpu.memoryTotalBytes()
          .ifPresent(
              bytes ->
                  budgets.put(
                      gpu.device(), config.engines().gpuMemoryBudget().orElse(bytes / 10 * 9)));
    }
    return new GpuLedger(budgets);
  }

  private static Map<String, Backend> backends() {
    Map<String, Backend> byName = new TreeMap<>();
    ServiceLoader.load(Backend.class).forEach(backend -> byName.put(backend.name(), backend));
    return byName;
  }

  private static Map<String, String> defaultFileNames(Map<String, Backend> backends) {
    Map<String, String> names = new TreeMap<>();
    backends.forEach((name, backend) -> names.put(name, backend.defaultFileName()));
    return names;
  }

  private static Deployments deployments(GatewayConfig config, EventLog events)
      throws GatewayStartException {
    Optional<Path> data = config.administration().dataDirectory();
    try {
      DeploymentStore store =
          data.isEmpty()
              ? DeploymentStore.NONE
              : new DeploymentFiles(data.get().resolve("deployments"));
      Deployments deployments = new Deployments(store, events, InstantSource.system());
      deployments.load();
      return deployments;
    } catch (IOException e) {
      throw new GatewayStartException("data_directory: " + e, e);
    }
  }

  private static String adminToken(GatewayConfig config) throws IOException {
    Optional<Path> file = config.administration().tokenFile();
    return file.isEmpty() ? "" : Secrets.read("admin_token_file", file.get());
  }

  private static MlflowHook hook(GatewayConfig config, Reconciler reconciler) throws IOException {
    Optional<Path> file = config.remote().mlflow().webhookSecretFile();
    return new MlflowHook(
        file.isEmpty()
            ? Optional.empty()
            : Optional.of(Secrets.read("mlflow_webhook_secret_file", file.get())),
        reconciler::declarationsChanged,
        InstantSource.system(),
        System::nanoTime);
  }

  private static Map<String, HttpHandler> handlers(
      Optional<Administration> administration, MlflowHook hook) {
    Map<String, HttpHandler> handlers = new TreeMap<>(Map.of(MlflowHook.PATH, hook));
    administration.ifPresent(admin -> handlers.put(Administration.PATH, admin.handler()));
    return handlers;
  }

  private static Optional<HttpEndpoint> startHttp(
      GatewayConfig config,
      CollectorRegistry metrics,
      Routes routes,
      Map<String, HttpHandler> handlers)
      throws IOException {
    GatewayConfig.Listen listen = config.listen();
    if (listen.httpPort() < 0) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          HttpEndpoint.start(
              new InetSocketAddress(listen.host(), listen.httpPort()), metrics, routes, handlers));
    } catch (IOException e) {
      throw new IOException(
          "HTTP port %d of %s: %s".formatted(listen.httpPort(), listen.host(), e.getMessage()), e);
    }
  }

  /** The version of this build, as its jar says. */
  public static String version() {
    String version = Gateway.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  /** Returns when each model has been tried once, or the gateway stops. */
  public void awaitModels() throws InterruptedException {
    reconciler.awaitFirstPass();
  }

  public int grpcPort() {
    return grpc.port();
  }

  /** The bound port, or -1 when HTTP is off. */
  public int httpPort() {
    return http.map(HttpEndpoint::port).orElse(-1);
  }

  /** Returns once the gateway has stopped. */
  public void awaitTermination() throws InterruptedException {
    terminated.await();
  }

  /**
   * Stops gracefully: health turns NOT_SERVING and new work is refused, that of the administration
   * too, what is in flight finishes within the grace time, then every model is freed. What calls
   * work on (deployments, the registry, sources of models) is closed after whatever takes calls.
   * Returns when all is done; calling it again waits for that.
   */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      log.info(
          "stopping: up to {} s for requests in flight",
          TimeUnit.NANOSECONDS.toSeconds(graceNanos.get()));
      long end = System.nanoTime() + graceNanos.get();
      try {
        intake.close();
        routes.refuseAll();
        awaitAdministration();
        autoscaler.close();
        reconciler.close();
        grpc.stop(end - System.nanoTime());
        http.ifPresent(HttpEndpoint::close);
        deployments.close();
        sources.close();
        gpus.close();
        log.info("stopped");
      } finally {
        terminated.countDown();
      }
    }
    try {
      terminated.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitAdministration() {
    try {
      if (!intake.awaitQuiet(graceNanos.get() / GRACE_PER_INTAKE)) {
        log.warn("calls of the administration take long: not waiting for them");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
