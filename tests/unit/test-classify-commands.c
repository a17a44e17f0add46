/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the shipped catalog makes of requests to mlx5, bnxt and pds devices.
 */

#include "catalog/classify.h"
#include "codec/bnxt.h"
#include "codec/mlx5.h"
#include "codec/pds.h"
#include "place.h"
#include "unit.h"

#define SHIPPED SOURCE_DIRECTORY "/policy/catalog"

struct judged {
	int r;
	struct verdict verdict;
	struct refusal refusal;
	struct catalog *catalog; /* that verdict points into */
};

/* Judges @raw, which is consumed, as the broker does. */
static struct judged judge(const struct codec *codec, struct bytes *raw)
{
	static const struct feature_table no_features;
	const struct catalog_paths paths = { .shipped = SHIPPED };
	struct json_problem problem = { 0 };
	struct codec_request request = { 0 };
	struct judged judged = { 0 };

	ck_assert_msg(catalog_load(&paths, &problem, &judged.catalog) == 0, "%s", problem.text);
	judged.r = codec->parse(raw, &request, &judged.refusal);
	if (judged.r == 0)
		judged.r = classify(judged.catalog, &no_features, &request, raw, &judged.verdict,
				    &judged.refusal);
	ck_assert_int_eq(judged.r, (int)judged.refusal.code);
	bytes_clear(raw);
	return judged;
}

/* A request that is known by its number alone, and one byte of it. */
static const struct {
	const struct codec *codec;
	uint16_t opcode;
	size_t at;
	uint8_t byte;
	enum refusal_code refusal;
	enum action action;
} commands[] = {
	/* Counters, read and cleared. */
	{ &codec_mlx5, 0x773, 24, 0x00, REFUSAL_NONE, ACTION_DEBUG_READ },
	{ &codec_mlx5, 0x773, 24, 0x80, REFUSAL_NONE, ACTION_CHANGE_IMMEDIATE },
	{ &codec_mlx5, 0x773, 24, 0x40, REFUSAL_NONE, ACTION_DEBUG_READ },
	{ &codec_mlx5, 0x770, 24, 0x80, REFUSAL_NONE, ACTION_CHANGE_IMMEDIATE },
	{ &codec_mlx5, 0x93b, 24, 0x80, REFUSAL_NONE, ACTION_CHANGE_IMMEDIATE },
	{ &codec_mlx5, 0x826, 8, 0x80, REFUSAL_NONE, ACTION_CHANGE_IMMEDIATE },
	{ &codec_mlx5, 0x964, 8, 0x80, REFUSAL_NONE, ACTION_CHANGE_IMMEDIATE },
	/* One of each kind. */
	{ &codec_mlx5, 0x101, 20, 0xff, REFUSAL_NONE, ACTION_READ },
	{ &codec_mlx5, 0x823, 0, 0x08, REFUSAL_NONE, ACTION_CHANGE_IMMEDIATE },
	{ &codec_mlx5, 0x109, 0, 0x01, REFUSAL_NONE, ACTION_CHANGE_AFTER_RESET },
	{ &codec_mlx5, 0x820, 0, 0x08, REFUSAL_NONE, ACTION_DEBUG_WRITE },
	{ &codec_bnxt, 0x011, 16, 0x00, REFUSAL_NONE, ACTION_DISRUPT },
	{ &codec_bnxt, 0x000, 16, 0x01, REFUSAL_NONE, ACTION_DEBUG_READ },
	{ &codec_bnxt, 0x0c0, 16, 0x00, REFUSAL_NONE, ACTION_DISRUPT },
	/* A bit without a meaning, in a byte of flags. */
	{ &codec_bnxt, 0x018, 18, 0x07, REFUSAL_NONE, ACTION_DEBUG_READ },
	{ &codec_bnxt, 0x018, 18, 0x08, REFUSAL_MALFORMED, ACTION_DEBUG_READ },
	/* The kernel's own business, and what nobody has published. */
	{ &codec_bnxt, 0x0b5, 16, 0x00, REFUSAL_KERNEL_OWNED, ACTION_CHANGE_IMMEDIATE },
	{ &codec_bnxt, 0xff15, 16, 0x00, REFUSAL_NOT_SUPPORTED, ACTION_DISRUPT },
};

static void build(const struct codec *codec, uint16_t opcode, struct bytes *ret)
{
	static const uint8_t own[32];

	if (codec == &codec_mlx5)
		ck_assert_int_eq(mlx5_build_command(opcode, 0, own, sizeof(own), ret), 0);
	else
		ck_assert_int_eq(bnxt_build(opcode, ret), 0);
}

START_TEST(command)
{
	struct bytes raw = { 0 };
	struct judged judged;

	build(commands[_i].codec, commands[_i].opcode, &raw);
	if (commands[_i].at < raw.size)
		raw.data[commands[_i].at] = commands[_i].byte;
	judged = judge(commands[_i].codec, &raw);
	ck_assert_msg(judged.r == (int)commands[_i].refusal, "%d: %s", judged.r,
		      judged.refusal.message);
	ck_assert_int_eq(judged.verdict.action, commands[_i].action);
	catalog_unref(judged.catalog);
}
END_TEST

static const struct {
	uint16_t id;
	enum register_method method;
	size_t at; /* in the register's data */
	uint8_t byte;
	enum refusal_code refusal;
	enum action action;
} registers[] = {
	/* None that the catalog names. */
	{ 0x9fff, REGISTER_READ, 0, 0, REFUSAL_NONE, ACTION_DEBUG_READ },
	{ 0x9fff, REGISTER_WRITE, 0, 0, REFUSAL_NONE, ACTION_CHANGE_IMMEDIATE },
	/* MFRL resets; MNVDA is stored; PTYS belongs to ethtool. */
	{ 0x9028, REGISTER_READ, 0, 0, REFUSAL_NONE, ACTION_DEBUG_READ },
	{ 0x9028, REGISTER_WRITE, 0, 0, REFUSAL_NONE, ACTION_DISRUPT },
	{ 0x9024, REGISTER_WRITE, 0, 0, REFUSAL_NONE, ACTION_CHANGE_AFTER_RESET },
	{ 0x5004, REGISTER_READ, 0, 0, REFUSAL_NONE, ACTION_DEBUG_READ },
	{ 0x5004, REGISTER_WRITE, 0, 0, REFUSAL_KERNEL_OWNED, ACTION_CHANGE_IMMEDIATE },
	/* PPCNT with and without clr. */
	{ 0x5008, REGISTER_READ, 4, 0x00, REFUSAL_NONE, ACTION_DEBUG_READ },
	{ 0x5008, REGISTER_READ, 4, 0x80, REFUSAL_NONE, ACTION_CHANGE_IMMEDIATE },
	/* MCDD has the device read and write its host's memory; a resource dump only with a key. */
	{ 0x905c, REGISTER_READ, 0, 0, REFUSAL_KERNEL_OWNED, ACTION_DISRUPT },
	{ 0xc000, REGISTER_READ, 0, 0x40, REFUSAL_NONE, ACTION_DEBUG_READ },
	{ 0xc000, REGISTER_READ, 0, 0x00, REFUSAL_MALFORMED, 0 },
	{ 0x9153, REGISTER_READ, 0, 0x00, REFUSAL_MALFORMED, 0 },
	/* The lock of a module. */
	{ 0x9014, REGISTER_READ, 0, 0x00, REFUSAL_NONE, ACTION_DEBUG_READ },
	{ 0x9014, REGISTER_READ, 0, 0x80, REFUSAL_NONE, ACTION_CHANGE_IMMEDIATE },
};

START_TEST(mlx5_register)
{
	uint8_t data[64] = { 0 };
	struct bytes raw = { 0 };
	struct judged judged;

	data[registers[_i].at] = registers[_i].byte;
	ck_assert_int_eq(mlx5_build_access_register(registers[_i].id, registers[_i].method, 0, data,
						    sizeof(data), &raw), 0);
	judged = judge(&codec_mlx5, &raw);
	ck_assert_msg(judged.r == (int)registers[_i].refusal, "%d: %s", judged.r,
		      judged.refusal.message);
	ck_assert_int_eq(judged.verdict.action, registers[_i].action);
	catalog_unref(judged.catalog);
}
END_TEST

/* Not even an administrator's file opens what makes the device write into its host. */
START_TEST(no_file_opens_the_hosts_memory)
{
	static const struct feature_table no_features;
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(bytes_clear) struct bytes raw = { 0 };
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	struct json_problem problem = { 0 };
	struct codec_request request = { 0 };
	struct refusal refusal = { 0 };
	const uint8_t data[64] = { 0 };
	struct catalog_paths paths = { .shipped = SHIPPED };
	struct verdict verdict;

	place_write_text(&place, "site.json",
		    "{\"format\":1,\"driver\":\"mlx5\",\"registers\":[{\"name\":\"MCDD\","
		    "\"read\":{\"effect\":\"none\",\"owner\":\"fwctl\",\"interface\":null}}]}");
	paths.administrator = place.directory;
	ck_assert_msg(catalog_load(&paths, &problem, &catalog) == 0, "%s", problem.text);
	ck_assert_int_eq(mlx5_build_access_register(MLX5_MCDD, REGISTER_READ, 0, data, sizeof(data),
						    &raw), 0);
	ck_assert_int_eq(codec_mlx5.parse(&raw, &request, &refusal), 0);
	ck_assert_int_eq(classify(catalog, &no_features, &request, &raw, &verdict, &refusal),
			 REFUSAL_NOT_SUPPORTED);
}
END_TEST

START_TEST(pds_is_the_administrators)
{
	struct bytes raw = { 0 };
	struct judged judged;

	ck_assert_int_eq(pds_build(1, 0x10001, 0, 0, &raw), 0);
	judged = judge(&codec_pds, &raw);
	ck_assert_int_eq(judged.r, REFUSAL_UNKNOWN_COMMAND);
	ck_assert_ptr_null(judged.verdict.command);
	ck_assert_int_eq(judged.verdict.action, ACTION_DISRUPT);
	catalog_unref(judged.catalog);
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "commands", command, ARRAY_LENGTH(commands));
	unit_loop(suite, "registers", mlx5_register, ARRAY_LENGTH(registers));
	unit_case(suite, "host-memory", no_file_opens_the_hosts_memory);
	unit_case(suite, "pds", pds_is_the_administrators);
}

int main(void)
{
	return unit_run("classify-commands", fill);
}
