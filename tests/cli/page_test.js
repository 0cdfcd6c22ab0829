// Put into a copy of a report by check_report_command.c: does what a reader does,
// and writes what came of it into the page.
"use strict";
addEventListener("load", () => {
	const outcome = document.createElement("pre");
	const say = (name, good) => outcome.append((good ? "yes: " : "NO: ") + name + "\n");
	const shown = (selector) => {
		const element = document.querySelector(selector);
		return element && getComputedStyle(element).display !== "none";
	};
	const key = (element, name) => element.dispatchEvent(
		new KeyboardEvent("keydown", {key: name, bubbles: true, cancelable: true}));

	outcome.id = "outcome";
	document.body.append(outcome);
	say("nothing was fetched", performance.getEntriesByType("resource").length === 0);
	say("nothing is wider than the window",
	    document.documentElement.scrollWidth <= document.documentElement.clientWidth);
	say("every id stands once", [...document.querySelectorAll("[id]")].every(
		(e) => document.querySelectorAll(`[id="${e.id}"]`).length === 1));
	say("every link leads somewhere", [...document.querySelectorAll('a[href^="#"]')].every(
		(a) => document.getElementById(a.getAttribute("href").slice(1))));

	// tables
	const table = document.querySelector("#results table");
	const headings = [...table.tHead.rows[0].cells];
	const mean = headings.findIndex((h) => h.textContent === "mean");
	const means = () => [...table.tBodies[0].rows].map((r) => Number(r.cells[mean].dataset.sort));
	const falls = (list) => list.every((v, i) => !i || list[i - 1] >= v);
	headings[mean].querySelector("button").click();
	say("a click sorts", falls(means()) && headings[mean].ariaSort === "descending");
	headings[mean].querySelector("button").click();
	say("another click turns round", falls(means().reverse()) && headings[mean].ariaSort === "ascending");
	headings[0].querySelector("button").click();
	say("names sort", table.tBodies[0].rows[0].cells[0].textContent.startsWith("all") &&
	    !headings[mean].ariaSort);

	// light and dark
	const before = shown(".light");
	say("one of the themes is shown", before !== shown(".dark"));
	document.getElementById("theme").click();
	say("the button changes the theme", before !== shown(".light") && before === shown(".dark"));

	// marks of figures
	const spots = document.querySelector(".spots");
	const marks = [...spots.children];
	const tip = document.getElementById("tip");
	say("one stop a figure", marks.filter((m) => m.tabIndex === 0).length === 1);
	marks[0].focus();
	say("a mark tells its values", !tip.hidden && tip.textContent === marks[0].getAttribute("aria-label"));
	key(marks[0], "ArrowRight");
	say("arrows go from mark to mark", document.activeElement === marks[1] &&
	    tip.textContent === marks[1].getAttribute("aria-label"));
	key(marks[1], "End");
	say("End goes to the last", document.activeElement === marks[marks.length - 1]);
	key(marks[1], "Escape");
	say("Escape hides them", tip.hidden);
	say("marks lie on the drawing", marks.every((m) => {
		const box = m.getBoundingClientRect(), all = spots.getBoundingClientRect();
		return box.left >= all.left - 2 && box.right <= all.right + 2 &&
		       box.top >= all.top - 2 && box.bottom <= all.bottom + 2;
	}));
	outcome.append("done\n");
});
