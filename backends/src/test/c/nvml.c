// SPDX-License-Identifier: Apache-2.0
// A driver's management library for tests: one GPU that tells all, one that tells little, one lost.
#include <stdint.h>
#include <string.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, TIMEOUT = 10, GPU_IS_LOST = 15 };
typedef struct gpu { int index; } *device;
typedef struct { device gpu; uint64_t type, data; uint32_t instance, compute; } event;

static struct gpu gpus[3] = {{0}, {1}, {2}};
static int initialised, events = 2;

int nvmlInit_v2(void) { initialised++; return SUCCESS; }
int nvmlShutdown(void) { initialised--; return SUCCESS; }
int nvmlSystemGetDriverVersion(char *text, uint32_t n) { strncpy(text, "580.65.06", n); return SUCCESS; }
int nvmlDeviceGetCount_v2(uint32_t *count) { *count = 3; return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(uint32_t i, device *gpu) {
  if (i == 2) return GPU_IS_LOST;
  *gpu = &gpus[i];
  return SUCCESS;
}
int nvmlDeviceGetName(device gpu, char *text, uint32_t n) {
  strncpy(text, gpu->index ? "Old GPU" : "Test GPU 80GB", n);
  return SUCCESS;
}
int nvmlDeviceGetUUID(device gpu, char *text, uint32_t n) {
  if (gpu->index) return NOT_SUPPORTED;
  strncpy(text, "GPU-1234", n);
  return SUCCESS;
}
int nvmlDeviceGetUtilizationRates(device gpu, uint32_t *percents) {
  if (gpu->index) return NOT_SUPPORTED;
  percents[0] = 37; percents[1] = 12;
  return SUCCESS;
}
int nvmlDeviceGetMemoryInfo(device gpu, uint64_t *total_free_used) {
  if (gpu->index) return NOT_SUPPORTED;
  total_free_used[0] = 80ull << 30; total_free_used[1] = 50ull << 30; total_free_used[2] = 30ull << 30;
  return SUCCESS;
}
int nvmlDeviceGetPowerUsage(device gpu, uint32_t *mw) {
  if (gpu->index) return NOT_SUPPORTED;
  *mw = 250500;
  return SUCCESS;
}
int nvmlDeviceGetTemperature(device gpu, int sensor, uint32_t *celsius) {
  *celsius = sensor == 0 ? 61 - gpu->index : 0;
  return SUCCESS;
}
int nvmlDeviceGetTotalEccErrors(device gpu, int type, int counter, uint64_t *errors) {
  if (gpu->index) return NOT_SUPPORTED;
  *errors = type == 1 && counter == 0 ? 3 : 99;
  return SUCCESS;
}
int nvmlEventSetCreate(void **set) { *set = gpus; return SUCCESS; }
int nvmlEventSetFree(void *set) { return set == gpus ? SUCCESS : NOT_SUPPORTED; }
int nvmlDeviceRegisterEvents(device gpu, uint64_t types, void *set) {
  return gpu->index == 0 && types == 8 && set == gpus ? SUCCESS : NOT_SUPPORTED;
}
int nvmlEventSetWait_v2(void *set, event *e, uint32_t milliseconds) {
  if (set != gpus || milliseconds != 0 || events == 0) return TIMEOUT;
  events--;
  *e = (event){&gpus[0], 8, 79, 0, 0};
  return SUCCESS;
}
