#include "loop.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FAIL_UNLESS(condition)                                                                                                     \
  do {                                                                                                                             \
    if (!(condition)) {                                                                                                            \
      amqp_destroy_connection(connection);                                                                                         \
      return __LINE__;                                                                                                             \
    }                                                                                                                              \
  } while (0)

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int is_normal(amqp_rpc_reply_t reply) { return reply.reply_type == AMQP_RESPONSE_NORMAL; }

static int open_connection(amqp_connection_state_t connection, const char *host, int port, const char *vhost) {
  amqp_socket_t *socket = amqp_tcp_socket_new(connection);
  if (socket == NULL || amqp_socket_open(socket, host, port) != AMQP_STATUS_OK) return 0;
  if (!is_normal(amqp_login(connection, vhost, 1, 131072, 10, AMQP_SASL_METHOD_PLAIN, "guest", "guest"))) return 0;
  amqp_channel_open(connection, 1);
  return is_normal(amqp_get_rpc_reply(connection));
}

static int close_connection(amqp_connection_state_t connection) {
  amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
  return amqp_destroy_connection(connection) == AMQP_STATUS_OK ? 0 : __LINE__;
}

int crabbitmq_loop_publish(const char *host, int port, const char *vhost, const char *exchange, const char *key,
                           int64_t count, int64_t body_bytes, int64_t window, double *seconds) {
  amqp_connection_state_t connection = amqp_new_connection();
  FAIL_UNLESS(open_connection(connection, host, port, vhost));
  amqp_confirm_select(connection, 1);
  FAIL_UNLESS(is_normal(amqp_get_rpc_reply(connection)));

  char *body = malloc((size_t)body_bytes);
  memset(body, 'x', (size_t)body_bytes);
  amqp_bytes_t bytes = {.len = (size_t)body_bytes, .bytes = body};
  amqp_table_entry_t version = {.key = amqp_cstring_bytes("waybill-version"),
                                .value = {.kind = AMQP_FIELD_KIND_I64, .value.i64 = 1}};
  amqp_basic_properties_t properties = {
      ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_APP_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_HEADERS_FLAG,
      .content_type = amqp_cstring_bytes("application/json"),
      .delivery_mode = AMQP_DELIVERY_PERSISTENT,
      .message_id = amqp_cstring_bytes("01923f6e-7b1a-7c3d-9a4e-0123456789ab"),
      .type = amqp_cstring_bytes("benchmark"),
      .app_id = amqp_cstring_bytes("benchmark"),
      .timestamp = (uint64_t)time(NULL),
      .headers = {.num_entries = 1, .entries = &version}};
  amqp_bytes_t exchange_bytes = amqp_cstring_bytes(exchange), key_bytes = amqp_cstring_bytes(key);

  int64_t sent = 0, confirmed = 0;
  double start = now();
  while (confirmed < count) {
    while (sent < count && sent - confirmed < window) {
      FAIL_UNLESS(amqp_basic_publish(connection, 1, exchange_bytes, key_bytes, 1, 0, &properties, bytes) == AMQP_STATUS_OK);
      sent++;
    }
    amqp_frame_t frame;
    FAIL_UNLESS(amqp_simple_wait_frame(connection, &frame) == AMQP_STATUS_OK);
    FAIL_UNLESS(frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD);
    const amqp_basic_ack_t *ack = frame.payload.method.decoded;
    // RabbitMQ confirms a queue's messages in order.
    confirmed = (int64_t)ack->delivery_tag;
    amqp_maybe_release_buffers(connection);
  }
  *seconds = now() - start;
  free(body);
  return close_connection(connection);
}

int crabbitmq_loop_consume(const char *host, int port, const char *vhost, const char *queue, int64_t count, int prefetch,
                           int batch, double *seconds) {
  amqp_connection_state_t connection = amqp_new_connection();
  FAIL_UNLESS(open_connection(connection, host, port, vhost));
  amqp_basic_qos(connection, 1, 0, (uint16_t)prefetch, 0);
  FAIL_UNLESS(is_normal(amqp_get_rpc_reply(connection)));
  amqp_basic_consume(connection, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
  FAIL_UNLESS(is_normal(amqp_get_rpc_reply(connection)));
  double start = 0;
  for (int64_t received = 1; received <= count; received++) {
    amqp_envelope_t envelope;
    amqp_maybe_release_buffers(connection);
    FAIL_UNLESS(is_normal(amqp_consume_message(connection, &envelope, NULL, 0)));
    if (received == 1) start = now();
    uint64_t tag = envelope.delivery_tag;
    amqp_destroy_envelope(&envelope);
    if (received % batch == 0 || received == count) {
      FAIL_UNLESS(amqp_basic_ack(connection, 1, tag, 1) == AMQP_STATUS_OK);
    }
  }
  *seconds = now() - start;
  return close_connection(connection);
}
