# The plots of docs/PERFORMANCE.md: gnuplot -e "data='DIR'; out='DIR'" plots.gp
set terminal svg size 640,360 font "sans,12" background "white"
set logscale x
set grid
set key below
set format x "%.0s%c"
set format y "%.0s%c"
set ytics nomirror
set style data linespoints

set output out."/performance-receivers.svg"
set title "One sender, 64 messages under way"
set xlabel "receivers"
set ylabel "deliveries a second"
set y2label "ms"
set y2tics
set yrange [0:*]
set y2range [0:*]
plot data."/receivers" using 1:2 title "deliveries a second", \
	"" using 1:3 axes x1y2 title "delivery, median", \
	"" using 1:4 axes x1y2 title "99 of 100"

set output out."/performance-memory.svg"
set title "Memory of an idle session, forked"
set ylabel "KiB (PSS)"
unset y2label
unset y2tics
plot data."/receivers" using 1:6 title "PSS for each"

set output out."/performance-writers.svg"
set title "Everybody talks, one message each under way"
set xlabel "writers"
set ylabel "messages a second"
set y2label "ms"
set y2tics
plot data."/writers" using 1:2 title "messages a second", \
	"" using 1:3 axes x1y2 title "ACK, median", \
	"" using 1:4 axes x1y2 title "99 of 100"

set output out."/performance-history.svg"
set title "Messages stored"
set xlabel "messages"
set ylabel "ms"
unset y2label
unset y2tics
plot data."/history" using 1:2 title "latest 1,000", \
	"" using 1:4 title "login"
