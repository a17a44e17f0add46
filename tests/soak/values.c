/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "soak.h"

#define MARK 0x5a

/* As it stands in a device's memory; token 0 is what its file says (tests/soak/devices). */
struct value {
	uint8_t mark, device, place, zero;
	uint32_t token;
	uint64_t mix;
};
_Static_assert(sizeof(struct value) == VALUE_SIZE, "one value");

uint64_t chance_next(struct chance *chance)
{
	uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint32_t chance_below(struct chance *chance, uint32_t below)
{
	return (uint32_t)((chance_next(chance) >> 32) * below >> 32);
}

static uint64_t mix(unsigned device, unsigned place, uint32_t token)
{
	return (uint64_t)(device + 1) * UINT64_C(0x9e3779b97f4a7c15) +
	       (uint64_t)(place + 1) * UINT64_C(0xbf58476d1ce4e5b9) +
	       (uint64_t)token * UINT64_C(0x94d049bb133111eb);
}

void value_make(unsigned device, unsigned place, uint32_t token, uint8_t ret[VALUE_SIZE])
{
	const struct value value = { MARK, (uint8_t)device, (uint8_t)place, 0, token,
				     mix(device, place, token) };

	memcpy(ret, &value, sizeof(value));
}

uint32_t value_new_token(void)
{
	return atomic_fetch_add(&soak->last_token, 1) + 1;
}

/*
 * The change ran before it was answered, so before any unplug that is asked for from now on. One more
 * than their number, so that 0 is a change whose end nobody saw.
 */
void value_done(unsigned device, uint32_t token)
{
	atomic_store(&soak->done[token], atomic_load(&soak->devices[device].unplugs) + 1);
}

const char *value_check(unsigned device, unsigned place, uint32_t dead, const void *data,
			size_t size)
{
	struct value value;
	uint32_t done;

	if (size == 0 || size % VALUE_SIZE != 0)
		return "a value of another size";
	memcpy(&value, data, sizeof(value));
	for (size_t at = VALUE_SIZE; at < size; at += VALUE_SIZE)
		if (memcmp((const uint8_t *)data + at, &value, VALUE_SIZE) != 0)
			return "parts of two values";
	if (value.mark != MARK || value.zero != 0 ||
	    value.mix != mix(value.device, value.place, value.token))
		return "bytes that nobody has set";
	if (value.device != device)
		return "a value of another device";
	if (value.place != place)
		return "a value of another place of the device";
	if (value.token > atomic_load(&soak->last_token))
		return "a value that nobody has set yet";
	/*
	 * What was done before an unplug that was done before this was asked went with that device,
	 * unless it keeps its values.
	 */
	done = atomic_load(&soak->done[value.token]);
	if (device != CXL_PERSISTENT && value.token != 0 && done != 0 && done <= dead)
		return "a value of the device that was here before";
	return NULL;
}
