/* Time for measuring; never for results. */
#ifndef UT_CLOCK_H
#define UT_CLOCK_H

/* Seconds of a clock that never goes back; only differences mean something. */
double ut_clock_now(void);

#endif
