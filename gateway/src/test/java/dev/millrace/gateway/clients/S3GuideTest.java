// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The guide to models in a bucket, with the AWS command line and a server that speaks S3. */
class S3GuideTest {
  private static final Path REQUIREMENTS = Path.of("src/test/clients/s3-requirements.txt");
  private static final String S3_PORT = "7070";
  private static final String HTTP_PORT = "8000";

  @TempDir private Path folder;

  /** Without a time limit of its own: the programs may have to be installed. */
  @Test
  void fromABucketToAnswers() throws Exception {
    switch (PythonEnvironment.provide(REQUIREMENTS, ProvisionCache.ofThisUser())) {
      case Provision.Installed installed -> follow(installed.program());
      case Provision.Impossible impossible -> throw Skip.because("aws", impossible.reason());
    }
  }

  private void follow(Path python) throws Exception {
    GuideSession session = new GuideSession("s3.md", folder);
    session.pythonProgram("aws", python, "-m", "awscli");
    session.set("AWS_ACCESS_KEY_ID", S3Server.KEY);
    session.set("AWS_SECRET_ACCESS_KEY", S3Server.SECRET);
    session.set("AWS_DEFAULT_REGION", "us-east-1");
    Files.write(folder.resolve("model.onnx"), OnnxModels.identity(DataType.FP32, "n", 4));
    Files.write(folder.resolve("new.onnx"), OnnxModels.unary("Neg", DataType.FP32, "n", 4));
    int commands;
    try (S3Server server = S3Server.start(folder, session.port(S3_PORT))) {
      session.set("AWS_ENDPOINT_URL", server.uri().toString());
      commands = serve(session, "Credentials and servers", "Updates");
      commands += serve(session, "Deploy from a bucket");
    }
    assertThat(commands).isGreaterThan(10);
    System.out.printf("real clients: aws RUN, %d commands of the guide%n", commands);
  }

  /** The gateway of a section, for what that and further ones do with it. */
  private static int serve(GuideSession session, String section, String... further)
      throws Exception {
    BackgroundProgram gateway = session.start(section, HTTP_PORT);
    try {
      int commands = session.check(section);
      for (String next : further) {
        commands += session.check(next);
      }
      return commands;
    } finally {
      gateway.close();
    }
  }
}
