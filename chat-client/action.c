/*
 * The table of action.h.
 */
#include <assert.h>
#include <string.h>

#include "action.h"

/* clang-format off */
static const struct action_row table[ACTION_COUNT] = {
[ACTION_SEND] = { "send", "Writing", "Enter Ctrl-j",
    "Send the line, or run the command.", -1 },
[ACTION_NEWLINE] = { "newline", NULL, "Alt-Enter Alt-Ctrl-j",
    "Begin another row of the text.", EDIT_NEWLINE },
[ACTION_COMPLETE] = { "complete", NULL, "Tab",
    "Complete a name, the most recent speaker's first, or a command; once "
    "more: the next one.", -1 },
[ACTION_COMPLETE_BACK] = { "complete-back", NULL, "Shift-Tab",
    "The one before.", -1 },
[ACTION_LEFT] = { "left", NULL, "Left Ctrl-b",
    "One character to the left.", EDIT_LEFT },
[ACTION_RIGHT] = { "right", NULL, "Right Ctrl-f",
    "One character to the right.", EDIT_RIGHT },
[ACTION_WORD_LEFT] = { "word-left", NULL, "Ctrl-Left Alt-b Alt-Left",
    "One word to the left.", EDIT_WORD_LEFT },
[ACTION_WORD_RIGHT] = { "word-right", NULL, "Ctrl-Right Alt-f Alt-Right",
    "One word to the right.", EDIT_WORD_RIGHT },
[ACTION_HOME] = { "home", NULL, "Home Ctrl-a",
    "To the beginning of the row.", EDIT_HOME },
[ACTION_END] = { "end", NULL, "End Ctrl-e",
    "To its end.", EDIT_END },
[ACTION_BACKSPACE] = { "backspace", NULL, "Backspace Ctrl-h",
    "Delete the character to the left.", EDIT_BACKSPACE },
[ACTION_DELETE] = { "delete", NULL, "Delete Ctrl-d",
    "Delete the character at the cursor.", EDIT_DELETE },
[ACTION_TRANSPOSE] = { "transpose", NULL, "Ctrl-t",
    "Exchange the characters around the cursor.", EDIT_TRANSPOSE },
[ACTION_KILL_WORD_LEFT] = { "kill-word-left", NULL,
    "Ctrl-w Alt-Backspace Alt-Ctrl-h",
    "Kill the word to the left.", EDIT_KILL_WORD_LEFT },
[ACTION_KILL_WORD_RIGHT] = { "kill-word-right", NULL, "Alt-d",
    "Kill the word to the right.", EDIT_KILL_WORD_RIGHT },
[ACTION_KILL_TO_HOME] = { "kill-to-home", NULL, "Ctrl-u",
    "Kill up to the beginning of the row.", EDIT_KILL_TO_HOME },
[ACTION_KILL_TO_END] = { "kill-to-end", NULL, "Alt-k",
    "Kill to the end of the row; at the end, the row break.",
    EDIT_KILL_TO_END },
[ACTION_YANK] = { "yank", NULL, "Ctrl-y",
    "Insert what was killed last.", EDIT_YANK },
[ACTION_YANK_OLDER] = { "yank-older", NULL, "Alt-y",
    "After that: what was killed before it, instead.", EDIT_YANK_OLDER },
[ACTION_UNDO] = { "undo", NULL, "Ctrl-_",
    "Undo the last change (most terminals send this for Ctrl-/, too).",
    EDIT_UNDO },
[ACTION_REDO] = { "redo", NULL, "Alt-_",
    "Do it again.", EDIT_REDO },
[ACTION_OLDER] = { "older", NULL, "Up Ctrl-p",
    "Up a row, or an earlier line.", EDIT_OLDER },
[ACTION_NEWER] = { "newer", NULL, "Down Ctrl-n",
    "Down a row, or a later line.", EDIT_NEWER },
[ACTION_SEARCH] = { "search", NULL, "Ctrl-r",
    "Search earlier lines while typing; once more: an older one. Enter takes "
    "it into the line, Escape gives up.", -1 },

[ACTION_PAGE_UP] = { "page-up", "Reading", "PgUp",
    "Scroll back.", -1 },
[ACTION_PAGE_DOWN] = { "page-down", NULL, "PgDn",
    "Scroll forward.", -1 },
[ACTION_SCROLL_UP] = { "scroll-up", NULL, "Shift-Up WheelUp",
    "Scroll back a few rows.", -1 },
[ACTION_SCROLL_DOWN] = { "scroll-down", NULL, "Shift-Down WheelDown",
    "Scroll forward a few rows.", -1 },
[ACTION_BOTTOM] = { "bottom", NULL, "Alt->",
    "To the newest message.", -1 },
[ACTION_TO_UNREAD] = { "to-unread", NULL, "Alt-u",
    "To the line above what was not read yet.", -1 },
[ACTION_BARE] = { "bare", NULL, "Alt-l",
    "The bare text, without panes, for the terminal to open links and to "
    "copy; any key goes back.", -1 },

[ACTION_CONVERSATION_1] = { "conversation-1", "Getting around", "Alt-1",
    "To the conversation with that number.", -1 },
[ACTION_CONVERSATION_2] = { "conversation-2", NULL, "Alt-2", NULL, -1 },
[ACTION_CONVERSATION_3] = { "conversation-3", NULL, "Alt-3", NULL, -1 },
[ACTION_CONVERSATION_4] = { "conversation-4", NULL, "Alt-4", NULL, -1 },
[ACTION_CONVERSATION_5] = { "conversation-5", NULL, "Alt-5", NULL, -1 },
[ACTION_CONVERSATION_6] = { "conversation-6", NULL, "Alt-6", NULL, -1 },
[ACTION_CONVERSATION_7] = { "conversation-7", NULL, "Alt-7", NULL, -1 },
[ACTION_CONVERSATION_8] = { "conversation-8", NULL, "Alt-8", NULL, -1 },
[ACTION_CONVERSATION_9] = { "conversation-9", NULL, "Alt-9", NULL, -1 },
[ACTION_NEXT_IMPORTANT] = { "next-important", NULL, "Alt-a",
    "To one with something new: what names you or is to you alone first.", -1 },
[ACTION_NEXT] = { "next", NULL, "Alt-n Alt-Down",
    "To the next conversation.", -1 },
[ACTION_PREVIOUS] = { "previous", NULL, "Alt-p Alt-Up",
    "To the previous conversation.", -1 },
[ACTION_BACK] = { "back", NULL, "Alt-/",
    "Back to the conversation before.", -1 },
[ACTION_SWITCHER] = { "switcher", NULL, "Ctrl-k",
    "Find a conversation or a user by typing. Enter goes there, Escape gives "
    "up.", -1 },

[ACTION_HELP] = { "help", "The client", "F1",
    "Show keys and commands.", -1 },
[ACTION_RECONNECT] = { "reconnect", NULL, "Alt-r",
    "Connect again now.", -1 },
[ACTION_REDRAW] = { "redraw", NULL, "Ctrl-l",
    "Draw everything anew.", -1 },
[ACTION_SUSPEND] = { "suspend", NULL, "Ctrl-z",
    "Suspend the client.", -1 },
[ACTION_STOP] = { "stop", NULL, "Ctrl-c",
    "Close what is open, empty the line; leave if it is empty.", -1 },
};
/* clang-format on */

const struct action_row *
action_row(enum action action)
{
	assert(action > ACTION_NONE && action < ACTION_COUNT);
	return &table[action];
}

enum action
action_find(const char *name)
{
	int i;

	for (i = ACTION_NONE + 1; i < ACTION_COUNT; i++)
		if (strcmp(table[i].name, name) == 0)
			return (enum action)i;
	return ACTION_NONE;
}
