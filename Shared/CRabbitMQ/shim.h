#pragma once

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>

/// Swift cannot call the variadic `amqp_login_with_properties`.
static inline amqp_rpc_reply_t crabbitmq_login_plain(
    amqp_connection_state_t connection, const char *vhost, int channels, int frame_bytes, int heartbeat_seconds,
    const amqp_table_t *properties, const char *user, const char *password) {
  return amqp_login_with_properties(connection, vhost, channels, frame_bytes, heartbeat_seconds, properties,
                                    AMQP_SASL_METHOD_PLAIN, user, password);
}
