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
import dev.millrace.backends.repository.LeftStaging;
import dev.millrace.backends.repository.MergedRepository;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.s3.AccessKey;
import dev.millrace.backends.s3.S3Source;
import dev.millrace.gateway.config.GatewayConfig;
import dev.millrace.gateway.config.MlflowAccess;
import dev.millrace.gateway.config.ModelLocation;
import dev.millrace.gateway.config.S3Access;
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
      LeftStaging.deleteBeside(staging, pid -> ProcessHandle.of(pid).isPresent());
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
        case ModelLocation.S3 s3 -> remote(bucket(s3));
        case ModelLocation.Mlflow mlflow ->
            remote(new MlflowSource(mlflow.server(), credentials(mlflow), System::nanoTime));
      };
    }

    private RemoteSource bucket(ModelLocation.S3 s3) throws GatewayStartException {
      GatewayConfig.Remote.S3 all = config.remote().s3();
      return new S3Source(
          s3.bucket(),
          s3.prefix(),
          s3.access().endpoint().or(all::endpoint),
          s3.access().region().or(all::region),
          accessKey(s3.access()),
          System::nanoTime);
    }

    private static Optional<AccessKey> accessKey(S3Access access) throws GatewayStartException {
      if (access.keyId().isEmpty() || access.secretFile().isEmpty()) {
        return Optional.empty();
      }
      String secret = secret("secret_access_key_file", access.secretFile().get());
      return Optional.of(new AccessKey(access.keyId().get(), secret));
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
          new RemoteRepository(
              source, cache(), defaultFileNames, InstantSource.system(), System::nanoTime, configs);
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

    private Credentials credentials(ModelLocation.Mlflow mlflow) throws GatewayStartException {
      MlflowAccess access = mlflow.access().or(config.remote().mlflow().access());
      String prefix = access.equals(mlflow.access()) ? "" : "mlflow_";
      if (access.tokenFile().isPresent()) {
        return Credentials.bearer(secret(prefix + "token_file", access.tokenFile().get()));
      }
      if (access.username().isPresent() && access.passwordFile().isPresent()) {
        return Credentials.basic(
            access.username().get(), secret(prefix + "password_file", access.passwordFile().get()));
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
