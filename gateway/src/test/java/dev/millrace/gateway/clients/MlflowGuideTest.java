// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.gateway.guides.Script;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The guide to MLflow, from the first command to the last, with MLflow itself. */
class MlflowGuideTest {
  private static final String MLFLOW_PORT = "5000";
  private static final String HTTP_PORT = "8000";

  @TempDir private Path folder;

  /** Without a time limit of its own: MLflow may have to be installed. */
  @Test
  void fromTrainingToProduction() throws Exception {
    if (!Script.isThere("curl")) {
      throw Skip.because("mlflow", "no curl on the PATH");
    }
    switch (PythonEnvironment.provide(MlflowServer.REQUIREMENTS, ProvisionCache.ofThisUser())) {
      case Provision.Installed installed -> follow(session(installed.program()));
      case Provision.Impossible impossible -> throw Skip.because("mlflow", impossible.reason());
    }
  }

  private GuideSession session(Path python) throws Exception {
    GuideSession session = new GuideSession("mlflow.md", folder);
    session.pythonProgram("python", python);
    session.pythonProgram("mlflow", python, "-m", "mlflow");
    session.port(MLFLOW_PORT);
    session.set("MLFLOW_DISABLE_TELEMETRY", "true");
    session.set("MLFLOW_WEBHOOK_CACHE_TTL", "0"); // a minute, which nobody here wants to wait for
    return session;
  }

  private static void follow(GuideSession session) throws Exception {
    int commands = session.check("Two secrets");
    BackgroundProgram mlflow = session.start("MLflow", MLFLOW_PORT);
    BackgroundProgram gateway = session.start("The gateway", HTTP_PORT);
    try {
      session.write("Log a model", "python", "train.py");
      commands += session.check("Log a model");
      session.write("Deploy it", "yaml", "deployment.yaml");
      commands += session.check("Deploy it");
      commands += session.check("Follow the alias");
      commands += session.check("Tell the gateway at once");
      session.write("How a version is to be served", "python", "configured.py");
      commands += session.check("How a version is to be served");
      session.write("What is no ONNX model", "python", "plain.py");
      commands += session.check("What is no ONNX model");
      session.write("Who may", "yaml", "authentication.yaml");
      commands += session.check("Who may");

      mlflow.close();
      commands += session.check("When MLflow is down", 0);
      gateway.close();
      gateway = session.start("The gateway", HTTP_PORT);
      commands += session.check("When MLflow is down", 1);
    } finally {
      gateway.close();
      mlflow.close();
    }
    assertThat(commands).isGreaterThan(25);
    System.out.printf("real clients: mlflow RUN, %d commands of the guide%n", commands);
  }
}
