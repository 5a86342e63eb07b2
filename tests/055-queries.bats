#!/usr/bin/env bats
# What a connection asks the store is answered from an index.

load helpers

# Every statement that a program has in it, one on a line.
statements() {
	grep -aoE '(SELECT|INSERT|UPDATE|DELETE|WITH) [[:print:]]{8,}' "$B/tests/chat-session" |
	    grep -Ev '%|^(WITH|SELECT|UPDATE|INSERT|DELETE) [a-z ]*$' | grep -E ' (FROM|INTO|SET) '
}

@test "every query of a connection uses an index" {
	server_start
	client_login alice
	say alice hello
	statements >queries
	(($(wc -l <queries) >= 15)) || fail "only $(wc -l <queries) statements found"
	while IFS= read -r query; do
		db "EXPLAIN QUERY PLAN $query" >plan || fail "not understood: $query"
		if grep -E 'SCAN (users|messages|sessions|[a-z]) *$' plan; then
			fail "a scan: $query"
		fi
		# What a page of at most a limit holds may be sorted, no more.
		if [[ $query == *messages* && $query != *'LIMIT :limit) JOIN'* ]] &&
		    grep 'TEMP B-TREE' plan; then
			fail "sorts messages: $query"
		fi
	done <queries
}

@test "every index of the schema is used by a query" {
	server_start
	client_login alice
	say alice hello
	statements >queries
	while IFS= read -r query; do
		db "EXPLAIN QUERY PLAN $query"
	done <queries >plans
	for index in $(db "SELECT name FROM sqlite_schema WHERE type = 'index'
	    AND name NOT LIKE 'sqlite_%'"); do
		grep -qw "$index" plans || fail "nobody uses $index"
	done
}
