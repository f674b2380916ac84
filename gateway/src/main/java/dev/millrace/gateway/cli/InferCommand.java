// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonText;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferRequestedOutputTensor;
import dev.millrace.proto.inference.ModelMetadataRequest;
import dev.millrace.proto.inference.ModelMetadataResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code millrace infer}: one request from JSON. */
@Command(
    name = "infer",
    description = "Asks a model of a running gateway.",
    footerHeading = "%nThe data, in JSON, is one of%n",
    footer = {
      "  [[5.1, 3.5, 1.4, 0.2]]            rows, for a model of one input",
      "  {\"x\": [[1, 2]], \"y\": [[3]]}       an array an input, by name",
      "  {\"inputs\": [{\"name\": \"x\", \"shape\": [1, 2], \"datatype\": \"FP32\", \"data\": [1, 2]}]}",
      "                                    the request form of the REST protocol",
      "What it leaves out is taken from the model's metadata."
    })
final class InferCommand implements Callable<Integer> {
  private static final String STANDARD_INPUT = "-";

  private final Shell shell;

  @Mixin private final ServerOptions server = new ServerOptions();

  @Parameters(index = "0", paramLabel = "MODEL", description = "The model's name.")
  private String model = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "DATA",
      description = "The data in JSON; - reads standard input.")
  private @Nullable String argument;

  @Option(
      names = {"--version", "--model-version"},
      paramLabel = "N",
      description = "The model's version; else the server picks.")
  private String version = "";

  @Option(names = "--data", paramLabel = "JSON", description = "The data, in place of DATA.")
  private @Nullable String data;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description = "File that holds the data; - reads standard input.")
  private @Nullable String file;

  @Option(
      names = "--output",
      paramLabel = "NAME",
      description = "An output to return, and again for more; else all.")
  private List<String> outputs = new ArrayList<>();

  @Option(names = "--json", description = "Print the answer as JSON, in the REST protocol's form.")
  private boolean json;

  @Option(
      names = "--save-sample",
      paramLabel = "FILE",
      description = {
        "Write the request that was answered, in the REST protocol's form: as a sample for the",
        "model's warm-up, in its folder warmup."
      })
  private @Nullable Path sample;

  InferCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws IOException {
    Json input = JsonText.parse(input());
    try (InferenceClient client = server.connect()) {
      ModelMetadataResponse metadata =
          client
              .call()
              .modelMetadata(
                  ModelMetadataRequest.newBuilder().setName(model).setVersion(version).build());
      ModelInferRequest.Builder request =
          new InferRequests(metadata).of(input).setModelName(model).setModelVersion(version);
      if (!outputs.isEmpty()) {
        request.clearOutputs();
        outputs.forEach(
            name -> request.addOutputs(InferRequestedOutputTensor.newBuilder().setName(name)));
      }
      ModelInferRequest built = request.build();
      InferAnswer answer = InferAnswer.of(client.call().modelInfer(built));
      if (sample != null) {
        Files.createDirectories(sample.toAbsolutePath().getParent());
        Files.writeString(sample, SampleText.of(built));
      }
      print(answer);
    }
    return 0;
  }

  private void print(InferAnswer answer) {
    if (json) {
      shell.out().println(JsonText.write(answer.toJson()));
    } else {
      AnswerText.lines(answer).forEach(shell.out()::println);
    }
  }

  private String input() throws IOException {
    int sources = (argument == null ? 0 : 1) + (file == null ? 0 : 1) + (data == null ? 0 : 1);
    if (sources != 1) {
      throw new InputException(
          (sources == 0 ? "no data" : "data from %d places".formatted(sources))
              + " (expected DATA, --data JSON or --file FILE)");
    }
    if (data != null) {
      return data;
    }
    if (argument != null && !argument.equals(STANDARD_INPUT)) {
      return argument;
    }
    if (file != null && !file.equals(STANDARD_INPUT)) {
      return read(Path.of(file));
    }
    return new String(shell.in().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static String read(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new InputException(file + ": no such file");
    }
  }
}
