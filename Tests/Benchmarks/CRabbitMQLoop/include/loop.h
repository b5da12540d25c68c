int crabbitmq_loop_placeholder(void);
