/*
 * The judge, judged: streams of events that are right or wrong in one way.
 */
#ifndef JUDGE_TEST_H
#define JUDGE_TEST_H

/* Prints TAP.  Returns how many cases the judge got wrong. */
int judge_test(void);

#endif
