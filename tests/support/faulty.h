/* A backend that is the host's but for one fault, chosen by a text. */
#ifndef UT_TEST_FAULTY_H
#define UT_TEST_FAULTY_H

#include "device/backend.h"

/*
 * KIND:SLOT:N, the N-th call, from 1, of a slot of struct ut_backend since the
 * device was opened; N+ is that and all after it. KIND is
 *
 *   ulp    one element of the last replica of what it wrote first is off in its
 *          last bit, which may make no difference in the end
 *   wrong  that element is off by less than half a per cent
 *   nan    that element is a NaN
 *   skip   nothing is done
 *   fail   the device's error, UT_DEVICE
 *   full   the same, UT_MEMORY
 *   crash  the process dies
 *   hang   it never returns
 *
 * The text is the variable's below, read when the device is opened; none is no
 * fault. A text that is none of these refuses to open.
 */
#define TEST_FAULT "UNDERTONE_FAULT"

extern const struct ut_backend test_faulty_backend;

/* Appends a device called "faulty". */
enum ut_status test_faulty_list(struct ut_device_list *list,
				struct ut_error *error);

#endif
