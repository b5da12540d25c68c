#pragma once

#include <stdint.h>

/// What a bare program over librabbitmq reaches: what ours is measured against.

/// Publishes persistent messages with the properties of Waybill's own, with at most `window` unconfirmed.
/// @param seconds How long it took until the last confirm.
/// @return 0, or the line that failed.
int crabbitmq_loop_publish(const char *host, int port, const char *vhost, const char *exchange, const char *key,
                           int64_t count, int64_t body_bytes, int64_t window, double *seconds);

/// Consumes that many messages and acknowledges every `batch` of them at once.
/// @param seconds How long it took from the first delivery to the last.
/// @return 0, or the line that failed.
int crabbitmq_loop_consume(const char *host, int port, const char *vhost, const char *queue, int64_t count, int prefetch,
                           int batch, double *seconds);
