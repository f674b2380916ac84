// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import dev.millrace.backends.deployment.Event;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.gateway.config.LiveSettings;
import dev.millrace.gateway.config.LiveSettings.Outcome;
import dev.millrace.gateway.config.Origin;
import dev.millrace.proto.admin.v1.GetSettingsRequest;
import dev.millrace.proto.admin.v1.ServerSettings;
import dev.millrace.proto.admin.v1.SetSettingRequest;
import dev.millrace.proto.admin.v1.Setting;
import dev.millrace.proto.admin.v1.SettingsServiceGrpc;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/** What a gateway is and was told to do, and what of that may be changed while it runs. */
final class SettingsVerbs {
  private final LiveSettings settings;
  private final EventLog events;
  private final String version;
  private final InstantSource clock;
  private final Instant started;

  /**
   * @param version of this build
   * @param clock now, the gateway starts
   */
  SettingsVerbs(LiveSettings settings, EventLog events, String version, InstantSource clock) {
    this.settings = settings;
    this.events = events;
    this.version = version;
    this.clock = clock;
    this.started = clock.instant();
  }

  List<Verb<?, ?>> all() {
    return List.of(
        new Verb<>(
            SettingsServiceGrpc.getGetSettingsMethod(),
            "GET",
            "/settings",
            "",
            "Every setting that holds, and where each came from",
            this::get),
        new Verb<>(
            SettingsServiceGrpc.getSetSettingMethod(),
            "PUT",
            "/settings/{key}",
            "*",
            "Changes a setting until the gateway stops",
            this::set));
  }

  private ServerSettings get(GetSettingsRequest request, String actor) {
    Duration uptime = Duration.between(started, clock.instant());
    return ServerSettings.newBuilder()
        .setVersion(version)
        .setStarted(Timestamps.fromMillis(started.toEpochMilli()))
        .setUptime(Durations.fromMillis(uptime.toMillis()))
        .addAllSettings(settings.all().stream().map(SettingsVerbs::message).toList())
        .build();
  }

  private Setting set(SetSettingRequest request, String actor) {
    Origin origin = Origin.caller(actor);
    return switch (settings.change(request.getKey(), request.getValue(), origin)) {
      case Outcome.Changed changed -> {
        events.add(
            actor,
            request.getKey(),
            Event.Kind.SETTING_CHANGED,
            changed.before(),
            changed.now().value());
        yield message(changed.now());
      }
      case Outcome.Unknown unknown -> throw status(Status.NOT_FOUND, unknown.problem());
      case Outcome.Fixed fixed -> throw status(Status.FAILED_PRECONDITION, fixed.problem());
      case Outcome.Invalid invalid -> throw status(Status.INVALID_ARGUMENT, invalid.problem());
    };
  }

  private static RuntimeException status(Status status, String problem) {
    return status.withDescription(problem).asRuntimeException();
  }

  private static Setting message(LiveSettings.Shown shown) {
    return Setting.newBuilder()
        .setKey(shown.key())
        .setValue(shown.value())
        .setOrigin(shown.origin())
        .setExpected(shown.expected())
        .setChangeable(shown.isChangeable())
        .build();
  }
}
