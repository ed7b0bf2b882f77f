define internal void @wrap(ptr %ctx) cold noinline {
entry:
  %cells.at = getelementptr i8, ptr %ctx, i64 <<ctx.cells>>
  %cells = load i64, ptr %cells.at
  %writers.at = getelementptr i8, ptr %ctx, i64 <<ctx.writers>>
  %writers = load ptr, ptr %writers.at
  %readers.at = getelementptr i8, ptr %ctx, i64 <<ctx.readers>>
  %readers = load ptr, ptr %readers.at
  br label %loop
loop:
  %k = phi i64 [0, %entry], [%k1, %step]
  %more = icmp ult i64 %k, %cells
  br i1 %more, label %step, label %end
step:
  %w.at = getelementptr i64, ptr %writers, i64 %k
  %w = load i64, ptr %w.at
  %old = and i64 %w, 4294967295
  store i64 %old, ptr %w.at
  %r.at = getelementptr i64, ptr %readers, i64 %k
  store i64 0, ptr %r.at
  %k1 = add i64 %k, 1
  br label %loop
end:
  ret void
}
