# SPDX-License-Identifier: LGPL-2.1-or-later
# Lines of text to elements of an array of strings in C.
s/["\\]/\\&/g
s/.*/	"&",/
