#pragma once

#include <sqlite3.h>

/// Swift cannot call `sqlite3_config`, which is variadic. SQLite counts the memory that it has, under a lock at each allocation,
/// for figures that nobody reads.
static inline int csqlite_count_no_memory(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
