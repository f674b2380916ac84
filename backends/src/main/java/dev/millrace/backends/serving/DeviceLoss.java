// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;

/**
 * A device that a model ran on and that this process cannot use any more.
 *
 * @param reason in words, the engine's among them
 */
record DeviceLoss(Device device, String reason) {}
