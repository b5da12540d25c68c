#include "loop.h"
int crabbitmq_loop_placeholder(void){return 0;}
