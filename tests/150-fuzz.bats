#!/usr/bin/env bats
#
# The fuzz targets of tests/fuzz with the seeds that are kept for them: each
# holds for all of its seeds.  (make fuzz looks for inputs of which it does
# not; what it finds becomes a seed.)

load helpers

# Set by run.
stderr=

targets() {
	local f
	for f in "$ROOT"/tests/fuzz/*.c; do
		f=${f##*/}
		[[ $f == replay.c ]] || echo "${f%.c}"
	done
}

@test "each target holds for each of its seeds" {
	local target seeds failed=0
	(($(targets | wc -l) >= 8))
	for target in $(targets); do
		seeds=$ROOT/tests/fuzz/seeds/$target
		run --separate-stderr "$B/tests/fuzz/$target" "$seeds"
		if [[ $status != 0 ]]; then
			echo "$target, status $status:"
			tail -n 5 <<<"$stderr"
			failed=1
		elif [[ $output != "$(find "$seeds" -type f | wc -l)" ]]; then
			echo "$target: it took $output files"
			failed=1
		fi
	done
	((failed == 0))
}

@test "each directory of seeds belongs to a target" {
	assert_eq "$(ls "$ROOT/tests/fuzz/seeds")" "$(targets | sort)" targets
}

@test "no seeds, a directory that is not there, a file that is none: failures" {
	mkdir none odd odd/directory
	run -1 "$B/tests/fuzz/text" none
	run -1 "$B/tests/fuzz/text" not-there
	run -1 "$B/tests/fuzz/text" odd
	run -64 "$B/tests/fuzz/text"
}

@test "a target that does not hold is seen" {
	mkdir seeds
	printf 'x' >seeds/x
	cat >broken.c <<-'END'
		#include "fuzz.h"
		int
		LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
		{
			CHECK(size == 0 || data[0] != 'x');
			return 0;
		}
	END
	${CC:-cc} -I "$ROOT/tests/fuzz" -c -o broken.o broken.c
	objects=("$B/tests/fuzz/replay.o" "$B/lib/buf.o")
	flags=()
	[[ $B != */san ]] || flags=('-fsanitize=address,undefined')
	[[ $B != */cov ]] || flags=(--coverage)
	${CC:-cc} "${flags[@]}" -o broken broken.o "${objects[@]}"
	run -134 --separate-stderr ./broken seeds
	[[ $stderr == *'seeds/x'*'does not hold'* ]]
	printf 'y' >seeds/x
	run -0 --separate-stderr ./broken seeds
	assert_eq "$output" 1
}
