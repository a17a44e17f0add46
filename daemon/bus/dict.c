/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/dict.h"

int dict_open(sd_bus_message *to)
{
	return sd_bus_message_open_container(to, 'a', "{sv}");
}

int dict_close(sd_bus_message *to)
{
	return sd_bus_message_close_container(to);
}

int dict_string(sd_bus_message *to, const char *key, const char *value)
{
	return sd_bus_message_append(to, "{sv}", key, "s", value);
}

int dict_bool(sd_bus_message *to, const char *key, bool value)
{
	return sd_bus_message_append(to, "{sv}", key, "b", (int)value);
}

int dict_u8(sd_bus_message *to, const char *key, uint8_t value)
{
	return sd_bus_message_append(to, "{sv}", key, "y", value);
}

int dict_u16(sd_bus_message *to, const char *key, uint16_t value)
{
	return sd_bus_message_append(to, "{sv}", key, "q", value);
}

int dict_u32(sd_bus_message *to, const char *key, uint32_t value)
{
	return sd_bus_message_append(to, "{sv}", key, "u", value);
}

int dict_u64(sd_bus_message *to, const char *key, uint64_t value)
{
	return sd_bus_message_append(to, "{sv}", key, "t", value);
}

int dict_entry_open(sd_bus_message *to, const char *key, const char *signature)
{
	int r;

	r = sd_bus_message_open_container(to, 'e', "sv");
	if (r < 0)
		return r;
	r = sd_bus_message_append(to, "s", key);
	if (r < 0)
		return r;
	return sd_bus_message_open_container(to, 'v', signature);
}

int dict_entry_close(sd_bus_message *to)
{
	int r;

	r = sd_bus_message_close_container(to);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(to);
}

int dict_strings(sd_bus_message *to, const char *key, const char *const values[])
{
	int r;

	r = dict_entry_open(to, key, "as");
	if (r < 0)
		return r;
	r = sd_bus_message_append_strv(to, (char **)values);
	if (r < 0)
		return r;
	return dict_entry_close(to);
}

int dict_bytes(sd_bus_message *to, const char *key, const struct bytes *value)
{
	int r;

	r = dict_entry_open(to, key, "ay");
	if (r < 0)
		return r;
	r = sd_bus_message_append_array(to, 'y', value->data, value->size);
	if (r < 0)
		return r;
	return dict_entry_close(to);
}
