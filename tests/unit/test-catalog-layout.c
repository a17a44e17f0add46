/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What makes a layout in a catalog wrong: the fields of a Feature's data, and those of bnxt requests
 * and responses, which must agree with what the codec knows of addresses.
 */

#include "catalog-helpers.h"

/* JSON with ' for ", so that it can be read here. */
#define TEXTS "'owner': 'fwctl', 'summary': 's', 'source': 's'"
#define COST "'effect': 'none', 'unit': 'shared', 'timeout-ms': 1, " TEXTS
#define FEATURE(members)                                                                           \
	"{'format': 1, 'driver': 'cxl', 'commands': [{'name': 'get', 'opcode': '0x0501', "         \
	"'scope': 'configuration', " COST "}], 'features': [{'name': 'f', " TEXTS ", "             \
	"'uuid': '00000000-0000-0000-0000-000000000001'" members "}]}"
#define FIELD(members) FEATURE(", 'read': {'fields': [{" members "}]}")
#define REPEAT(members) FEATURE(", 'read': {'fields': [], 'repeat': {" members "}}")
#define LONG_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
/* NVM_GET_VARIABLE: 40 bytes, an address at 16 whose length in bits is at 24. */
#define BNXT(members)                                                                              \
	"{'format': 1, 'driver': 'bnxt', 'commands': [{'name': 'get', 'opcode': '0xfff1', "        \
	"'scope': 'configuration', " COST members "}]}"
#define SIZE ", 'request-size': 40"
#define POINTERS(members) SIZE ", 'pointers': [{" members "}]"
#define GOOD_POINTER                                                                               \
	"'offset': 16, 'direction': 'from-device', 'length-offset': 24, 'length-width': 2, "       \
	"'length-unit': 'bits'"
#define LENGTH "{'name': 'data-len', 'offset': 24, 'width': 2}"
#define RESPONSE ", 'response': {'fields': []}"
#define REQUEST(fields)                                                                            \
	BNXT(POINTERS(GOOD_POINTER) ", 'request': {'fields': [" fields "]}" RESPONSE)
#define ANSWER(layout)                                                                             \
	BNXT(POINTERS(GOOD_POINTER) ", 'request': {'fields': [" LENGTH "]}, 'response': " layout)
#define BAD_POINTER(members) BNXT(POINTERS(members) ", 'request': {'fields': [" LENGTH "]}" RESPONSE)
#define NOT_THE_ADDRESS                                                                            \
	"commands[0].pointers[0]: is not where the kernel's driver takes an address; write offset " \
	"16, direction from-device, length-offset 24, length-width 2, length-unit bits"
/* NVM_GET_DIR_ENTRIES: always as many bytes. */
#define DIRECTORY(length)                                                                          \
	"{'format': 1, 'driver': 'bnxt', 'commands': [{'name': 'list', 'opcode': '0xfffa', "       \
	"'scope': 'debug-read-only', " COST ", 'request-size': 24, 'pointers': [{'offset': 16, "   \
	"'direction': 'from-device', 'length': " length "}], 'request': {'fields': []}" RESPONSE   \
	"}]}"
/* FW_SYNC: nobody has published what it looks like. */
#define UNPUBLISHED(members)                                                                       \
	"{'format': 1, 'driver': 'bnxt', 'commands': [{'name': 'fw-sync', 'opcode': '0x00c3', "    \
	"'scope': 'configuration', " COST members "}]}"

static const struct {
	const char *text, *problem;
} wrong[] = {
	/* Layouts. */
	{ FEATURE(", 'read': []"),
	  "features[0].read: is of type array; write a value of type object" },
	{ FEATURE(", 'write': {}"), "features[0].write: lacks the key 'fields'; add it" },
	{ FEATURE(", 'read': {'fields': [], 'size': 4}"),
	  "features[0].read: has the unknown key 'size'; remove it" },
	{ FIELD("'offset': 0"), "features[0].read.fields[0]: lacks the key 'name'; add it" },
	{ FIELD("'name': '" LONG_NAME "', 'offset': 0"),
	  "features[0].read.fields[0]: has a name of more than 28 characters; shorten it" },
	{ FIELD("'name': 'a'"), "features[0].read.fields[0]: lacks the key 'offset'; add it" },
	{ FIELD("'name': 'a', 'offset': 65535"),
	  "features[0].read.fields[0].offset: is not a number from 0 to 65534" },
	{ FIELD("'name': 'a', 'offset': 0, 'width': 0"),
	  "features[0].read.fields[0]: has a width that is not 1, 2, 4 or 8 bytes; write one of "
	  "them" },
	{ FIELD("'name': 'a', 'offset': 0, 'width': 3"),
	  "features[0].read.fields[0]: has a width that is not 1, 2, 4 or 8 bytes; write one of "
	  "them" },
	{ FIELD("'name': 'a', 'offset': 0, 'width': 9"),
	  "features[0].read.fields[0].width: is not a number from 0 to 8" },
	{ FIELD("'name': 'a', 'offset': 0, 'bit': 64"),
	  "features[0].read.fields[0].bit: is not a number from 0 to 63" },
	{ FIELD("'name': 'a', 'offset': 0, 'bit': 8"),
	  "features[0].read.fields[0]: has bits that do not fit its width; correct bit, bits "
	  "or width" },
	{ FIELD("'name': 'a', 'offset': 0, 'bit': 9"),
	  "features[0].read.fields[0]: has bits that do not fit its width; correct bit, bits "
	  "or width" },
	{ FIELD("'name': 'a', 'offset': 0, 'bit': 4, 'bits': 5"),
	  "features[0].read.fields[0]: has bits that do not fit its width; correct bit, bits "
	  "or width" },
	{ FIELD("'name': 'a', 'offset': 0, 'bits': 0"),
	  "features[0].read.fields[0]: has bits that do not fit its width; correct bit, bits "
	  "or width" },
	{ FIELD("'name': 'a', 'offset': 0, 'width': 8, 'bit': 63, 'bits': 2"),
	  "features[0].read.fields[0]: has bits that do not fit its width; correct bit, bits "
	  "or width" },
	{ FIELD("'name': 'a', 'offset': 0, 'bits': 2, 'flag': true"),
	  "features[0].read.fields[0]: is a flag of more than one bit; write bits 1, or "
	  "remove flag" },
	{ FIELD("'name': 'a', 'offset': 0, 'flag': 1"),
	  "features[0].read.fields[0].flag: is of type int; write a value of type boolean" },
	{ FIELD("'name': 'a', 'offset': 0, 'size': 1"),
	  "features[0].read.fields[0]: has the unknown key 'size'; remove it" },
	{ FIELD("'name': 'a', 'offset': 0, 'values': {'x': 'n'}"),
	  "features[0].read.fields[0].values.x: is not a number of 8 bits; write one" },
	{ FIELD("'name': 'a', 'offset': 0, 'values': {'-1': 'n'}"),
	  "features[0].read.fields[0].values.-1: is not a number of 8 bits; write one" },
	{ FIELD("'name': 'a', 'offset': 0, 'bits': 3, 'values': {'7': 'n', '8': 'm'}"),
	  "features[0].read.fields[0].values.8: is not a number of 3 bits; write one" },
	{ FIELD("'name': 'a', 'offset': 0, 'width': 8, 'values': {'18446744073709551616': 'n'}"),
	  "features[0].read.fields[0].values.18446744073709551616: is not a number of 64 "
	  "bits; write one" },
	{ FIELD("'name': 'a', 'offset': 0, 'values': {'1': 2}"),
	  "features[0].read.fields[0].values.1: is of type int; write a value of type string" },
	{ FIELD("'name': 'a', 'offset': 0, 'values': {'1': 'n', '0x1': 'm'}"),
	  "features[0].read.fields[0].values.0x1: is a number that has a name already; remove "
	  "one" },
	{ FIELD("'name': 'a', 'offset': 0}, {'name': 'a', 'offset': 1"),
	  "features[0].read.fields[1]: has the name of an earlier field; write another" },
	{ REPEAT("'name': 'g', 'offset': 0, 'stride': 0, 'fields': []"),
	  "features[0].read.repeat: has a stride of 0; write the bytes of one group" },
	{ REPEAT("'name': 'g', 'offset': 0, 'fields': []"),
	  "features[0].read.repeat: lacks the key 'stride'; add it" },
	{ REPEAT("'offset': 0, 'stride': 1, 'fields': []"),
	  "features[0].read.repeat: lacks the key 'name'; add it" },
	{ REPEAT("'name': '" LONG_NAME "', 'offset': 0, 'stride': 1, 'fields': []"),
	  "features[0].read.repeat: has a name of more than 28 characters; shorten it" },
	{ REPEAT("'name': 'g', 'offset': 65536, 'stride': 1, 'fields': []"),
	  "features[0].read.repeat.offset: is not a number from 0 to 65535" },
	{ REPEAT("'name': 'g', 'offset': 0, 'stride': 1, 'fields': [1]"),
	  "features[0].read.repeat.fields[0]: is of type int; write a value of type object" },
	{ REPEAT("'name': 'g', 'offset': 0, 'stride': 1, 'fields': [], 'count': 2"),
	  "features[0].read.repeat: has the unknown key 'count'; remove it" },

	/* bnxt. */
	{ BNXT(""), "commands[0]: lacks the key 'request-size'; add it" },
	{ BNXT(", 'request-size': 48"),
	  "commands[0].request-size: is not that of the command; write 40" },
	{ BNXT(", 'request-size': 129"),
	  "commands[0].request-size: is not a number from 0 to 128" },
	{ BNXT(SIZE ", 'layout': 'unpublished'"),
	  "commands[0].layout: is there, but the layout of this command is published; remove it, "
	  "and describe the layout" },
	{ BNXT(SIZE), "commands[0].pointers: has 0 elements; the request of this command holds 1 "
		      "addresses: list each" },
	{ BNXT(POINTERS(GOOD_POINTER "}, {" GOOD_POINTER)),
	  "commands[0].pointers: has 2 elements; the request of this command holds 1 addresses: "
	  "list each" },
	{ BNXT(SIZE ", 'pointers': [7]"),
	  "commands[0].pointers[0]: is of type int; write a value of type object" },
	{ BAD_POINTER(GOOD_POINTER ", 'length': 7"),
	  "commands[0].pointers[0]: has the unknown key 'length-offset'; remove it" },
	{ BAD_POINTER("'offset': 16, 'direction': 'from-device', 'length': 65536"),
	  NOT_THE_ADDRESS },
	{ BAD_POINTER("'offset': 16, 'direction': 'from-device', 'length': 65537"),
	  "commands[0].pointers[0].length: is not a number from 0 to 65536" },
	{ BAD_POINTER("'offset': 24, 'direction': 'from-device', 'length-offset': 24, "
		      "'length-width': 2, 'length-unit': 'bits'"),
	  NOT_THE_ADDRESS },
	{ BAD_POINTER("'offset': 16, 'direction': 'to-device', 'length-offset': 24, "
		      "'length-width': 2, 'length-unit': 'bits'"),
	  NOT_THE_ADDRESS },
	{ BAD_POINTER("'offset': 16, 'direction': 'from-device', 'length-offset': 26, "
		      "'length-width': 2, 'length-unit': 'bits'"),
	  NOT_THE_ADDRESS },
	{ BAD_POINTER("'offset': 16, 'direction': 'from-device', 'length-offset': 24, "
		      "'length-width': 4, 'length-unit': 'bits'"),
	  NOT_THE_ADDRESS },
	{ BAD_POINTER("'offset': 16, 'direction': 'from-device', 'length-offset': 24, "
		      "'length-width': 2, 'length-unit': 'bytes'"),
	  NOT_THE_ADDRESS },
	{ BAD_POINTER("'offset': 16, 'direction': 'from-device', 'length-offset': 24, "
		      "'length-width': 2, 'length-unit': 'pages'"),
	  "commands[0].pointers[0].length-unit: is unknown; write bytes, bits, 16-bit-words or "
	  "32-bit-words" },
	{ BAD_POINTER("'offset': 16, 'direction': 'both', 'length': 1"),
	  "commands[0].pointers[0].direction: is unknown; write to-device or from-device" },
	{ BNXT(POINTERS(GOOD_POINTER)), "commands[0]: lacks the key 'request'; add it" },
	{ BNXT(POINTERS(GOOD_POINTER) ", 'request': {'fields': [" LENGTH "]}"),
	  "commands[0]: lacks the key 'response'; add it" },
	{ DIRECTORY("65535"),
	  "commands[0].pointers[0]: is not where the kernel's driver takes an address; write offset "
	  "16, direction from-device, length 65536" },
	/* What a client's bytes may not reach. */
	{ REQUEST(LENGTH ", {'name': 'a', 'offset': 15}"),
	  "commands[0].request.fields[1]: begins in the header of 16 bytes; leave it out" },
	{ REQUEST(LENGTH ", {'name': 'a', 'offset': 16, 'width': 8}"),
	  "commands[0].request.fields[1]: lies over an address; leave it out" },
	{ REQUEST(LENGTH ", {'name': 'a', 'offset': 23}"),
	  "commands[0].request.fields[1]: lies over an address; leave it out" },
	{ REQUEST(LENGTH ", {'name': 'a', 'offset': 37, 'width': 4}"),
	  "commands[0].request.fields[1]: reaches over the end of the request; correct its offset "
	  "or width" },
	{ REQUEST(LENGTH ", {'name': 'a', 'offset': 40}"),
	  "commands[0].request.fields[1]: reaches over the end of the request; correct its offset "
	  "or width" },
	{ REQUEST("{'name': 'a', 'offset': 24}"),
	  "commands[0].request.fields: lacks the length at offset 24, of what the address at 16 "
	  "points to; add it" },
	{ BNXT(POINTERS(GOOD_POINTER) ", 'request': {'fields': [" LENGTH "], 'repeat': {'name': "
				      "'g', 'offset': 32, 'stride': 4, 'fields': []}}" RESPONSE),
	  "commands[0].request.repeat: is for responses; list each field" },
	{ ANSWER("{'fields': [{'name': 'a', 'offset': 7}]}"),
	  "commands[0].response.fields[0]: is not between the header of 8 bytes and the end of the "
	  "longest response, at 704; correct its offset" },
	{ ANSWER("{'fields': [{'name': 'a', 'offset': 703, 'width': 2}]}"),
	  "commands[0].response.fields[0]: is not between the header of 8 bytes and the end of the "
	  "longest response, at 704; correct its offset" },
	{ ANSWER("{'fields': [], 'repeat': {'name': 'g', 'offset': 7, 'stride': 1, "
		 "'fields': []}}"),
	  "commands[0].response.repeat: begins in the header of 8 bytes; correct its offset" },
	{ UNPUBLISHED(""), "commands[0]: lacks the key 'layout'; add it" },
	{ UNPUBLISHED(", 'layout': 'secret'"),
	  "commands[0].layout: is unknown; write unpublished: nobody has published the layout of "
	  "this command" },
	{ UNPUBLISHED(", 'layout': 'unpublished', 'request-size': 16"),
	  "commands[0].request-size: is of a layout that nobody has published; remove it" },
	{ UNPUBLISHED(", 'layout': 'unpublished', 'pointers': []"),
	  "commands[0].pointers: is of a layout that nobody has published; remove it" },
};

START_TEST(problems_name_their_place)
{
	CLEANUP(place_clear) struct place place = place_new();
	char expected[512];

	write_json(&place, "a.json", wrong[_i].text);
	snprintf(expected, sizeof(expected), "/a.json: %s", wrong[_i].problem);
	assert_shipped_refused(&place, place.directory, -EINVAL, expected);
}
END_TEST

/* The parts of the wrong texts are right: each of them is refused for its own fault. */
START_TEST(right_texts)
{
	static const char *const texts[] = {
		FIELD("'name': 'a', 'offset': 65534, 'width': 8, 'bit': 63, 'values': {'1': 'n'}"),
		FIELD("'name': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'offset': 0, 'flag': false"),
		REPEAT("'name': 'g', 'offset': 65535, 'stride': 65535, 'fields': []"),
		REQUEST(LENGTH),
		REQUEST("{'name': 'a', 'offset': 24, 'width': 8}, {'name': 'b', 'offset': 39}, "
			"{'name': 'c', 'offset': 39, 'bit': 7, 'flag': true}"),
		ANSWER("{'fields': [{'name': 'a', 'offset': 8}, {'name': 'b', 'offset': 703}], "
		       "'repeat': {'name': 'g', 'offset': 8, 'stride': 1, 'fields': []}}"),
		UNPUBLISHED(", 'layout': 'unpublished'"),
		DIRECTORY("65536"),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		CLEANUP(place_clear) struct place place = place_new();
		const struct catalog_paths paths = { .shipped = place.directory };
		CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;

		write_json(&place, "a.json", texts[i]);
		catalog = catalog_of(&paths);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "problems", problems_name_their_place, ARRAY_LENGTH(wrong));
	unit_case(suite, "right-texts", right_texts);
}

int main(void)
{
	return unit_run("catalog-layout", fill);
}
