// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway;

import dev.millrace.backends.mlflow.Credentials;
import dev.millrace.backends.mlflow.MlflowSource;
import dev.millrace.backends.registry.LocalRegistry;
import dev.millrace.backends.remote.ContentCache;
import dev.millrace.backends.remote.RemoteRepository;
import dev.millrace.backends.remote.RemoteSource;
import dev.millrace.backends.repository.BroughtModels;
import dev.millrace.backends.repository.ConfigOverrides;
import dev.millrace.backends.repository.DirectoryRepository;
import dev.millrace.backends.repository.MergedRepository;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.s3.S3Source;
import dev.millrace.gateway.config.GatewayConfig;
import dev.millrace.gateway.config.ModelLocation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Every place that models come from, as the configuration has them.
 *
 * @param repository all of them as one, and what calls put in the place of models
 * @param registry the one that models can be pushed to
 * @param remotes those of them on other machines
 * @param cache of what comes from there
 */
record ModelSources(
    BroughtModels repository,
    Optional<LocalRegistry> registry,
    List<RemoteRepository> remotes,
    Optional<ContentCache> cache)
    implements AutoCloseable {

  /**
   * Opens them.
   *
   * @param defaultFileNames for each engine there is, the model's file where nothing names one
   * @throws GatewayStartException if a folder is not there, or cannot be made
   */
  static ModelSources open(GatewayConfig config, Map<String, String> defaultFileNames)
      throws GatewayStartException {
    return new Opening(config, defaultFileNames).all();
  }

  /** Of the cache; the repository is closed by who serves from it. */
  @Override
  public void close() {
    cache.ifPresent(ContentCache::close);
  }

  private static final class Opening {
    private final GatewayConfig config;
    private final Map<String, String> defaultFileNames;
    private final Path staging;
    private final ConfigOverrides configs = new ConfigOverrides();
    private final List<RemoteRepository> remotes = new ArrayList<>();
    private int folders;
    private @Nullable ContentCache cache;

    Opening(GatewayConfig config, Map<String, String> defaultFileNames) {
      this.config = config;
      this.defaultFileNames = defaultFileNames;
      this.staging = config.repository().stagingDirectory();
    }

    ModelSources all() throws GatewayStartException {
      List<ModelRepository> served = new ArrayList<>();
      for (ModelLocation location : config.repository().locations()) {
        served.add(repository(location));
      }
      Optional<LocalRegistry> registry = registry();
      List<ModelRepository> deployable = new ArrayList<>(registry.stream().toList());
      for (ModelLocation location : config.repository().registries()) {
        deployable.add(repository(location));
      }
      ModelRepository all =
          served.size() == 1 && deployable.isEmpty()
              ? served.getFirst()
              : new MergedRepository(served, deployable);
      return new ModelSources(
          new BroughtModels(
              all, configs, staging.resolve("brought"), defaultFileNames, InstantSource.system()),
          registry,
          List.copyOf(remotes),
          Optional.ofNullable(cache));
    }

    private ModelRepository repository(ModelLocation location) throws GatewayStartException {
      return switch (location) {
        case ModelLocation.Folder folder -> directory(folder.path());
        case ModelLocation.S3 s3 ->
            remote(
                new S3Source(
                    s3.bucket(),
                    s3.prefix(),
                    config.remote().s3().endpoint(),
                    config.remote().s3().region(),
                    System::nanoTime));
        case ModelLocation.Mlflow mlflow ->
            remote(new MlflowSource(mlflow.server(), credentials(), System::nanoTime));
      };
    }

    private ModelRepository directory(Path directory) throws GatewayStartException {
      if (!Files.isDirectory(directory)) {
        throw new GatewayStartException(
            "repository: '%s' is no directory".formatted(directory), null);
      }
      return new DirectoryRepository(
          directory,
          staging.resolve("repository-" + folders++),
          defaultFileNames,
          InstantSource.system(),
          configs);
    }

    private ModelRepository remote(RemoteSource source) throws GatewayStartException {
      RemoteRepository remote =
          new RemoteRepository(source, cache(), defaultFileNames, InstantSource.system(), configs);
      remotes.add(remote);
      return remote;
    }

    private ContentCache cache() throws GatewayStartException {
      if (cache == null) {
        GatewayConfig.Remote.Cache given = config.remote().cache();
        Path folder =
            given
                .directory()
                .orElseGet(
                    () -> config.administration().dataDirectory().orElse(staging).resolve("cache"));
        try {
          cache = new ContentCache(folder, given.maxBytes(), InstantSource.system());
        } catch (IOException e) {
          throw new GatewayStartException("cache_directory: " + e.getMessage(), e);
        }
      }
      return cache;
    }

    private Credentials credentials() throws GatewayStartException {
      GatewayConfig.Remote.Mlflow mlflow = config.remote().mlflow();
      if (mlflow.tokenFile().isPresent()) {
        return Credentials.bearer(secret("mlflow_token_file", mlflow.tokenFile().get()));
      }
      if (mlflow.username().isPresent() && mlflow.passwordFile().isPresent()) {
        return Credentials.basic(
            mlflow.username().get(), secret("mlflow_password_file", mlflow.passwordFile().get()));
      }
      return Credentials.NONE;
    }

    private static String secret(String key, Path file) throws GatewayStartException {
      try {
        return Secrets.read(key, file);
      } catch (IOException e) {
        throw new GatewayStartException(String.valueOf(e.getMessage()), e);
      }
    }

    private Optional<LocalRegistry> registry() throws GatewayStartException {
      Optional<Path> data = config.administration().dataDirectory();
      if (data.isEmpty()) {
        return Optional.empty();
      }
      try {
        return Optional.of(
            new LocalRegistry(
                data.get().resolve("registry"),
                staging.resolve("registry"),
                defaultFileNames,
                InstantSource.system()));
      } catch (IOException e) {
        throw new GatewayStartException("data_directory: " + e, e);
      }
    }
  }
}
