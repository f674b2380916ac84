// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.nvml;

import dev.millrace.backends.device.Device;
import java.util.OptionalLong;

/**
 * How a GPU is at a moment; what its model or driver does not tell is empty.
 *
 * @param name its maker's
 * @param uuid of this very one
 * @param utilizationPercent of the last sampling period in which a kernel ran
 * @param uncorrectedEccErrors errors of memory since the driver was loaded
 * @param xidErrors errors that the driver reported since the monitor was opened
 */
public record GpuReading(
    Device device,
    String name,
    String uuid,
    OptionalLong utilizationPercent,
    OptionalLong memoryUsedBytes,
    OptionalLong memoryTotalBytes,
    OptionalLong powerMilliwatts,
    OptionalLong temperatureCelsius,
    OptionalLong uncorrectedEccErrors,
    OptionalLong xidErrors) {}
