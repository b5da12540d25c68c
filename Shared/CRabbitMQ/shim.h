#pragma once

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <sys/eventfd.h>

/// Swift cannot call the variadic `amqp_login_with_properties`.
static inline amqp_rpc_reply_t crabbitmq_login_plain(
    amqp_connection_state_t connection, const char *vhost, int channels, int frame_bytes, int heartbeat_seconds,
    const amqp_table_t *properties, const char *user, const char *password) {
  return amqp_login_with_properties(connection, vhost, channels, frame_bytes, heartbeat_seconds, properties,
                                    AMQP_SASL_METHOD_PLAIN, user, password);
}

/// Glibc's Swift module leaves `eventfd` out.
static inline int crabbitmq_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline int crabbitmq_eventfd_raise(int descriptor) { return eventfd_write(descriptor, 1); }
static inline int crabbitmq_eventfd_clear(int descriptor) {
  eventfd_t count;
  return eventfd_read(descriptor, &count);
}
