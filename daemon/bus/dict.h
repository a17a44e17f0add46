/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Writing a{sv}, entry by entry. Calls sd-bus. All return 0 or more, or -errno.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "util/bytes.h"

int dict_open(sd_bus_message *to);
int dict_close(sd_bus_message *to);

int dict_string(sd_bus_message *to, const char *key, const char *value);
int dict_strings(sd_bus_message *to, const char *key, const char *const values[]);
int dict_bool(sd_bus_message *to, const char *key, bool value);
int dict_u8(sd_bus_message *to, const char *key, uint8_t value);
int dict_u16(sd_bus_message *to, const char *key, uint16_t value);
int dict_u32(sd_bus_message *to, const char *key, uint32_t value);
int dict_u64(sd_bus_message *to, const char *key, uint64_t value);
int dict_bytes(sd_bus_message *to, const char *key, const struct bytes *value);

/* An entry whose value the caller writes between these two, of the given signature. */
int dict_entry_open(sd_bus_message *to, const char *key, const char *signature);
int dict_entry_close(sd_bus_message *to);
