// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.gateway.config.ConfigException;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ConfigLoader;
import dev.millrace.gateway.config.ConfigValues;
import dev.millrace.gateway.config.Origin;
import dev.millrace.gateway.config.Setting;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options that set configuration. Their values stay text: the configuration's own reader
 * understands them and reports what is wrong together with everything else.
 */
final class ConfigOptions {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file of settings; else the one that MILLRACE_CONFIG names.")
  private @Nullable Path file;

  @Option(
      names = {"--repository", "--model-repository"},
      paramLabel = "DIR|s3://BUCKET/PREFIX",
      description = "Folder or bucket of models; give it again for more than one.")
  private List<String> repositories = new ArrayList<>();

  @Option(
      names = "--load-model",
      paramLabel = "NAME",
      description =
          "Model to load at the start with --model-control explicit, or *; give it again for more"
              + " than one.")
  private List<String> loadModels = new ArrayList<>();

  @Option(
      names = "--registry",
      paramLabel = "URL",
      description =
          "Registry whose models can be deployed, such as mlflow+http://HOST:5000; give it again"
              + " for more than one.")
  private List<String> registries = new ArrayList<>();

  // in the order of the command line, so that of --grpc-port and --set grpc_port the last wins
  private final List<Setting> flags = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Any setting, and again for more; see check-config for their names.")
  void set(@Nullable String text) {
    if (text == null) {
      return;
    }
    int equals = text.indexOf('=');
    if (equals < 1) {
      problems.add("--set %s (expected key=value)".formatted(text));
    } else {
      String key = text.substring(0, equals).strip();
      flags.add(Setting.text(key, text.substring(equals + 1), Origin.flag("--set")));
    }
  }

  @Option(names = "--host", paramLabel = "HOST", description = "Address to listen on.")
  void host(@Nullable String text) {
    add(ConfigKey.HOST, "--host", text);
  }

  @Option(names = "--grpc-port", paramLabel = "PORT", description = "Port of gRPC; 0 picks one.")
  void grpcPort(@Nullable String text) {
    add(ConfigKey.GRPC_PORT, "--grpc-port", text);
  }

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      description = "Port of health and metrics; 0 picks one, -1 opens none.")
  void httpPort(@Nullable String text) {
    add(ConfigKey.HTTP_PORT, "--http-port", text);
  }

  @Option(
      names = {"--model-control", "--model-control-mode"},
      paramLabel = "none|poll|explicit",
      description = "What changes the models that are served; none unless given.")
  void modelControl(@Nullable String text) {
    add(ConfigKey.MODEL_CONTROL, "--model-control", text);
  }

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "Where the gateway keeps its registry and its deployments.")
  void dataDirectory(@Nullable String text) {
    add(ConfigKey.DATA_DIRECTORY, "--data-dir", text);
  }

  @Option(
      names = "--ort-natives",
      paramLabel = "DIR",
      description = "ONNX Runtime's native libraries in place of those in the jar.")
  void ortNatives(@Nullable String text) {
    add(ConfigKey.ORT_NATIVES, "--ort-natives", text);
  }

  private void add(ConfigKey<?> key, String flag, @Nullable String text) {
    // picocli clears options by setting null
    if (text != null) {
      flags.add(Setting.text(key.name(), text, Origin.flag(flag)));
    }
  }

  /** All sources together; every problem in any of them is in the exception. */
  ConfigValues load(Map<String, String> environment) throws ConfigException {
    List<Setting> all = new ArrayList<>(flags);
    if (!repositories.isEmpty()) {
      Origin origin = Origin.flag("--repository");
      all.add(Setting.list(ConfigKey.REPOSITORIES.name(), repositories, origin));
    }
    if (!loadModels.isEmpty()) {
      Origin origin = Origin.flag("--load-model");
      all.add(Setting.list(ConfigKey.LOAD_MODELS.name(), loadModels, origin));
    }
    if (!registries.isEmpty()) {
      Origin origin = Origin.flag("--registry");
      all.add(Setting.list(ConfigKey.REGISTRIES.name(), registries, origin));
    }
    try {
      ConfigValues values =
          file == null
              ? ConfigLoader.load(environment, all)
              : ConfigLoader.load(file, environment, all);
      if (problems.isEmpty()) {
        return values;
      }
    } catch (ConfigException e) {
      problems.addAll(e.problems());
    }
    throw new ConfigException(problems);
  }
}
