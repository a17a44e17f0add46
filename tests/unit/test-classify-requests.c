/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is refused whatever its effect: the unknown, the kernel's own, a value that does not fit.
 */

#include "classify-helpers.h"

START_TEST(a_set_is_checked_before_the_device_sees_it)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	struct cxl_feature_entry entry = entry_of(vendor(1), CXL_EFFECT_COLD_RESET);
	struct cxl_request request = set_request(vendor(1), SIZE - 1);
	struct judged judged = judge(catalog, &entry, &request);

	ck_assert_int_eq(judged.r, REFUSAL_MALFORMED);
	ck_assert_str_eq(judged.refusal.message, "The value of this Feature has exactly 4 bytes; "
						 "send the whole value");
	request = set_request(vendor(1), SIZE + 1);
	ck_assert_int_eq(judge(catalog, &entry, &request).r, REFUSAL_MALFORMED);
	request = set_request(vendor(1), SIZE);
	request.version = VERSION - 1;
	judged = judge(catalog, &entry, &request);
	ck_assert_int_eq(judged.r, REFUSAL_MALFORMED);
	ck_assert_str_eq(judged.refusal.message, "The device takes version 7 of this Feature's "
						 "data; send that version");
	request.version = VERSION + 1;
	ck_assert_int_eq(judge(catalog, &entry, &request).r, REFUSAL_MALFORMED);

	request.version = VERSION;
	entry.flags = 0;
	judged = judge(catalog, &entry, &request);
	ck_assert_int_eq(judged.r, REFUSAL_NOT_SUPPORTED);
	ck_assert_ptr_nonnull(strstr(judged.refusal.message, "cannot be changed"));
	entry.flags = CXL_FEATURE_CHANGEABLE;
	entry.set_size = 0;
	judged = judge(catalog, &entry, &request);
	ck_assert_int_eq(judged.r, REFUSAL_NOT_SUPPORTED);
	ck_assert_ptr_nonnull(strstr(judged.refusal.message, "cannot be changed"));
}
END_TEST

/* Whatever the device says of it, and whatever else is wrong with the request. */
START_TEST(kernel_owned_is_refused_with_the_interface)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	const unsigned flags[] = { 0, CXL_FEATURE_CHANGEABLE };

	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
		struct cxl_feature_entry entry =
			entry_of(patrol_scrub_uuid(), CXL_EFFECT_IMMEDIATE_CONFIG);
		struct cxl_request request = set_request(patrol_scrub_uuid(), 1 + i * SIZE);
		struct judged judged;

		entry.flags = flags[i];
		judged = judge(catalog, &entry, &request);
		ck_assert_int_eq(judged.r, REFUSAL_KERNEL_OWNED);
		ck_assert_str_eq(judged.refusal.message,
				 "This Feature belongs to the kernel's edac subsystem; use "
				 "/sys/bus/edac/devices/cxl_mem0/scrub0");
		ck_assert_str_eq(judged.verdict.feature->name, "patrol-scrub");
		ck_assert_int_eq(judged.verdict.action, ACTION_CHANGE_IMMEDIATE);
		/* To read it is free of danger. */
		request = get_request(patrol_scrub_uuid(), SELECTION_CURRENT);
		judged = judge(catalog, &entry, &request);
		ck_assert_int_eq(judged.r, 0);
		ck_assert_int_eq(judged.verdict.action, ACTION_READ);
	}
}
END_TEST

START_TEST(what_is_unknown_is_refused)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	struct cxl_feature_entry entry = entry_of(vendor(1), CXL_EFFECT_COLD_RESET);
	struct cxl_request request = set_request(vendor(2), SIZE);
	struct judged judged = judge(catalog, &entry, &request);

	ck_assert_int_eq(judged.r, REFUSAL_UNKNOWN_FEATURE);
	ck_assert_str_eq(judged.verdict.command->name, "cxl/set-feature");
	ck_assert_int_eq(judged.verdict.action, ACTION_DISRUPT);
	ck_assert_int_eq(judged.verdict.effect, EFFECT_DISRUPTIVE);
	ck_assert_int_eq(judged.verdict.scope, SCOPE_DEBUG_WRITE_FULL);
	ck_assert(judged.verdict.taints);
	request = get_request(vendor(2), SELECTION_CURRENT);
	judged = judge(catalog, &entry, &request);
	ck_assert_int_eq(judged.r, REFUSAL_UNKNOWN_FEATURE);
	ck_assert_int_eq(judged.verdict.action, ACTION_READ);

	request.opcode = (enum cxl_opcode)0x0503;
	judged = judge(catalog, &entry, &request);
	ck_assert_int_eq(judged.r, REFUSAL_UNKNOWN_COMMAND);
	ck_assert_ptr_null(judged.verdict.command);
	ck_assert_int_eq(judged.verdict.action, ACTION_DISRUPT);
	ck_assert_int_eq(judged.verdict.scope, SCOPE_DEBUG_WRITE_FULL);
}
END_TEST

START_TEST(reads)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	struct cxl_feature_entry entry = entry_of(vendor(1), 0xffff);
	static const uint32_t needed[SELECTION_MAX] = { 0, CXL_FEATURE_HAS_DEFAULT,
							CXL_FEATURE_HAS_SAVED };
	struct cxl_request request = { .opcode = CXL_GET_SUPPORTED_FEATURES };
	struct judged judged = judge(catalog, &entry, &request);

	ck_assert_int_eq(judged.r, 0);
	ck_assert_int_eq(judged.verdict.action, ACTION_READ);
	for (enum selection selection = 0; selection < SELECTION_MAX; selection++) {
		request = get_request(vendor(1), selection);
		entry.flags = needed[selection];
		judged = judge(catalog, &entry, &request);
		ck_assert_msg(judged.r == 0, "%s", judged.refusal.message);
		ck_assert_int_eq(judged.verdict.effect, EFFECT_NONE);
		ck_assert_int_eq(judged.verdict.scope, SCOPE_CONFIGURATION);
		ck_assert_int_eq(judged.verdict.action, ACTION_READ);
		ck_assert(!judged.verdict.taints);
		ck_assert_uint_eq(judged.verdict.resets, 0);
		entry.flags = ~needed[selection];
		ck_assert_int_eq(judge(catalog, &entry, &request).r,
				 selection == SELECTION_CURRENT ? 0 : REFUSAL_NOT_SUPPORTED);
	}
	request = get_request(vendor(1), SELECTION_CURRENT);
	request.count = SIZE + 1;
	ck_assert_int_eq(judge(catalog, &entry, &request).r, REFUSAL_MALFORMED);
	request.offset = SIZE;
	request.count = 1;
	ck_assert_int_eq(judge(catalog, &entry, &request).r, REFUSAL_MALFORMED);
	request.offset = SIZE - 1;
	ck_assert_int_eq(judge(catalog, &entry, &request).r, 0);
}
END_TEST

START_TEST(interfaces)
{
	char anywhere[] = "/a/{memdev}/b", nowhere[] = "/a/b", end[] = "{memdev}";
	struct catalog_feature feature = { .interface = anywhere };
	char text[16];

	feature_interface(&feature, "mem12", text, sizeof(text));
	ck_assert_str_eq(text, "/a/mem12/b");
	feature_interface(&feature, "mem12", text, 6);
	ck_assert_str_eq(text, "/a/me");
	feature.interface = nowhere;
	feature_interface(&feature, "mem12", text, sizeof(text));
	ck_assert_str_eq(text, "/a/b");
	feature.interface = end;
	feature_interface(&feature, "mem12", text, sizeof(text));
	ck_assert_str_eq(text, "mem12");
	feature.interface = NULL;
	feature_interface(&feature, "mem12", text, sizeof(text));
	ck_assert_str_eq(text, "");
	feature_interface(NULL, "mem12", text, sizeof(text));
	ck_assert_str_eq(text, "");
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "set", a_set_is_checked_before_the_device_sees_it);
	unit_case(suite, "kernel-owned", kernel_owned_is_refused_with_the_interface);
	unit_case(suite, "unknown", what_is_unknown_is_refused);
	unit_case(suite, "reads", reads);
	unit_case(suite, "interfaces", interfaces);
}

int main(void)
{
	return unit_run("classify-requests", fill);
}
