/* page.css and page.js, embedded at build by embed.sh. */
#ifndef UT_PAGE_H
#define UT_PAGE_H

/* Lines, each with its newline; ended by NULL. */
extern const char *const ut_page_css[];
extern const char *const ut_page_js[];

#endif
