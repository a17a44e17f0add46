/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What polkit is told of a request: the details that rules bind, and the sentence for a person.
 */

#include <string.h>

#include "broker/question.h"
#include "unit.h"
#include "util/uuid.h"

#define UUID "f3c71d00-0000-4000-8000-000000000001"
#define LONG_SIZE 4096

/* The strings are literals: nothing of this is freed. */
static struct device device_of(enum device_type type)
{
	return (struct device){
		.name = "fwctl3",
		.identity = { .type = type,
			      .driver = (char *)"cxl_core",
			      .parent = (char *)"/sys/devices/pci0/mem0",
			      .parent_name = (char *)"mem0",
			      .serial = (char *)"0x5e17",
			      .firmware = (char *)"2.1" },
	};
}

static const struct catalog_command set_feature = { .name = (char *)"cxl/set-feature" };
static const struct catalog_command get_feature = { .name = (char *)"cxl/get-feature" };
static const struct catalog_feature known = { .name = (char *)"fancy-feature" };

static struct verdict verdict_of(enum effect effect)
{
	return (struct verdict){
		.command = effect == EFFECT_NONE ? &get_feature : &set_feature,
		.effect = effect,
		.scope = effect == EFFECT_NONE	      ? SCOPE_CONFIGURATION :
			 effect == EFFECT_AFTER_RESET ? SCOPE_DEBUG_WRITE :
							SCOPE_DEBUG_WRITE_FULL,
		.taints = effect != EFFECT_NONE,
	};
}

static const struct codec_request list = {
	.key = { .driver = DEVICE_CXL, .opcode = CXL_GET_SUPPORTED_FEATURES },
	.cxl = { .opcode = CXL_GET_SUPPORTED_FEATURES },
};

static struct codec_request feature_request(void)
{
	struct codec_request request = {
		.key = { .driver = DEVICE_CXL, .opcode = CXL_SET_FEATURE },
		.cxl = { .opcode = CXL_SET_FEATURE },
	};

	ck_assert_int_eq(uuid_from_text(UUID, request.cxl.uuid), 0);
	return request;
}

/* @details is a NULL-terminated list of keys and values. */
static void assert_details(const struct question *question, const char *const details[])
{
	size_t n = 0;

	for (; details[2 * n]; n++) {
		ck_assert_uint_lt(n, question->n);
		ck_assert_str_eq(question->details[n].key, details[2 * n]);
		ck_assert_str_eq(question->details[n].value, details[2 * n + 1]);
	}
	ck_assert_uint_eq(question->n, n);
}

START_TEST(details_of_a_change)
{
	const struct device device = device_of(DEVICE_CXL);
	const struct verdict verdict = verdict_of(EFFECT_AFTER_RESET);
	const struct codec_request request = feature_request();
	struct question question;

	question_about_request(&device, &verdict, &request, &question);
	assert_details(&question,
		       (const char *const[]){
			       "device", "fwctl3", "device.type", "cxl",
			       "device.parent", "/sys/devices/pci0/mem0",
			       "device.serial", "0x5e17", "driver", "cxl_core",
			       "command", "cxl/set-feature", "feature", UUID,
			       "effect", "after-reset", "scope", "debug-write",
			       "taints", "true", "polkit.message",
			       "Change Feature " UUID " of CXL memory device mem0, effective after "
			       "a reset and kept from then on; this taints the kernel", NULL });
}
END_TEST

START_TEST(details_of_a_command_without_feature)
{
	const struct device device = device_of(DEVICE_CXL);
	const struct catalog_command command = { .name = (char *)"cxl/get-supported-features" };
	struct verdict verdict = verdict_of(EFFECT_NONE);
	struct question question;

	verdict.command = &command;
	question_about_request(&device, &verdict, &list, &question);
	assert_details(&question,
		       (const char *const[]){
			       "device", "fwctl3", "device.type", "cxl",
			       "device.parent", "/sys/devices/pci0/mem0",
			       "device.serial", "0x5e17", "driver", "cxl_core",
			       "command", "cxl/get-supported-features",
			       "effect", "none", "scope", "configuration",
			       "taints", "false", "polkit.message",
			       "Run cxl/get-supported-features on CXL memory device mem0", NULL });
}
END_TEST

static const struct {
	enum device_type type;
	enum effect effect;
	bool feature, taints;
	const char *message;
} sentences[] = {
	{ DEVICE_CXL, EFFECT_NONE, true, false,
	  "Read Feature fancy-feature of CXL memory device mem0" },
	{ DEVICE_CXL, EFFECT_AFTER_RESET, true, true,
	  "Change Feature fancy-feature of CXL memory device mem0, effective after a reset and "
	  "kept from then on; this taints the kernel" },
	{ DEVICE_CXL, EFFECT_IMMEDIATE, true, true,
	  "Change Feature fancy-feature of CXL memory device mem0, effective immediately and kept "
	  "across resets; this taints the kernel" },
	{ DEVICE_CXL, EFFECT_DISRUPTIVE, true, true,
	  "Change Feature fancy-feature of CXL memory device mem0, which resets, "
	  "interrupts or erases something at once; this taints the kernel" },
	{ DEVICE_MLX5, EFFECT_IMMEDIATE, false, false,
	  "Run cxl/set-feature on mlx5 device mem0 (fwctl3), effective immediately" },
	{ DEVICE_PDS, EFFECT_NONE, false, true,
	  "Run cxl/get-feature on pds device mem0 (fwctl3); this taints the kernel" },
};

START_TEST(sentence)
{
	const struct device device = device_of(sentences[_i].type);
	const struct codec_request about_feature = feature_request();
	const struct cxl_feature_entry entry = { 0 };
	struct verdict verdict = verdict_of(sentences[_i].effect);
	struct question question;

	verdict.taints = sentences[_i].taints;
	verdict.feature = sentences[_i].feature ? &known : NULL;
	verdict.entry = sentences[_i].feature ? &entry : NULL;
	question_about_request(&device, &verdict, sentences[_i].feature ? &about_feature : &list,
			       &question);
	ck_assert_str_eq(question.message, sentences[_i].message);
	ck_assert_str_eq(question.details[question.n - 1].key, "polkit.message");
	ck_assert_ptr_eq(question.details[question.n - 1].value, question.message);
}
END_TEST

/* However long the names, the person reads what it does and what it costs. */
START_TEST(long_names)
{
	static const char end[] = ", which resets, interrupts or erases something at once; this "
				  "taints the kernel";
	const struct codec_request about_feature = feature_request();
	char text[LONG_SIZE];
	const struct catalog_command command = { .name = text };
	const struct catalog_feature feature = { .name = text };
	struct verdict verdict = verdict_of(EFFECT_DISRUPTIVE);

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	verdict.command = &command;
	verdict.feature = &feature;
	for (enum device_type type = 0; type < DEVICE_TYPE_MAX; type++)
		for (unsigned with_feature = 0; with_feature < 2; with_feature++) {
			struct device device = device_of(type);
			struct question question;
			size_t length;

			device.identity.parent_name = text;
			device.identity.parent = text;
			device.identity.serial = text;
			question_about_request(&device, &verdict,
					       with_feature ? &about_feature : &list, &question);
			length = strlen(question.message);
			ck_assert_uint_lt(length + 1, sizeof(question.message));
			ck_assert_str_eq(question.message + length - strlen(end), end);
			/* Rules bind whole names. */
			ck_assert_str_eq(question.details[2].value, text);
			ck_assert_str_eq(question.details[5].value, text);
		}
}
END_TEST

START_TEST(registers)
{
	const struct device device = device_of(DEVICE_MLX5);
	const struct catalog_command command = { .name = (char *)"mlx5/access-register" };
	const struct catalog_register named = { .name = (char *)"MFRL" };
	const struct codec_request request = {
		.key = { .driver = DEVICE_MLX5, .is_register = true, .register_id = 0x9028 },
	};
	struct verdict verdict = { .command = &command, .effect = EFFECT_DISRUPTIVE };
	struct question question;

	question_about_request(&device, &verdict, &request, &question);
	ck_assert_str_eq(question.message,
			 "Write register 0x9028 of mlx5 device mem0 (fwctl3), which resets, "
			 "interrupts or erases something at once");
	verdict.named = &named;
	question_about_request(&device, &verdict, &request, &question);
	ck_assert_str_eq(question.message,
			 "Write register MFRL (0x9028) of mlx5 device mem0 (fwctl3), which resets, "
			 "interrupts or erases something at once");
	ck_assert_str_eq(question.details[6].key, "register");
	ck_assert_str_eq(question.details[6].value, "0x9028");
}
END_TEST

START_TEST(something_else)
{
	const struct device device = device_of(DEVICE_CXL);
	struct question question;
	char text[LONG_SIZE];

	question_about(NULL, "Read the audit log", &question);
	assert_details(&question,
		       (const char *const[]){ "polkit.message", "Read the audit log", NULL });
	question_about(&device, "Unplug it", &question);
	assert_details(&question,
		       (const char *const[]){
			       "device", "fwctl3", "device.type", "cxl",
			       "device.parent", "/sys/devices/pci0/mem0",
			       "device.serial", "0x5e17", "driver", "cxl_core",
			       "polkit.message", "Unplug it", NULL });
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	question_about(&device, text, &question);
	ck_assert_uint_eq(strlen(question.message), sizeof(question.message) - 1);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "change", details_of_a_change);
	unit_case(suite, "without-feature", details_of_a_command_without_feature);
	unit_loop(suite, "sentences", sentence, ARRAY_LENGTH(sentences));
	unit_case(suite, "long-names", long_names);
	unit_case(suite, "registers", registers);
	unit_case(suite, "something-else", something_else);
}

int main(void)
{
	return unit_run("question", fill);
}
