define internal void @<<name>>(ptr %ctx, i32 %site, <32 x i64> %address, i32 %mask) noinline {
entry:
  %spill = alloca <32 x i64>
  %first = lshr <32 x i64> %address, splat (i64 2)
  store <32 x i64> %first, ptr %spill
  %seen = alloca [32 x i64]
  %banks = alloca [32 x i64]
  %lanes = call i32 @llvm.ctpop.i32(i32 %mask)
  %lanes64 = zext i32 %lanes to i64
  br label %phase
phase:
  %p = phi i64 [0, %entry], [%p1, %phased]
  %total = phi i64 [0, %entry], [%total1, %phased]
  %ideal = phi i64 [0, %entry], [%ideal1, %phased]
  %more = icmp ult i64 %p, <<words>>
  br i1 %more, label %begin, label %end
begin:
  call void @llvm.memset.p0.i64(ptr %banks, i8 0, i64 256, i1 false)
  br label %lane
lane:
  %l = phi i64 [0, %begin], [%l1, %laned]
  %used = phi i64 [0, %begin], [%used2, %laned]
  %most = phi i64 [0, %begin], [%most2, %laned]
  %inside = icmp ult i64 %l, <<group>>
  br i1 %inside, label %check, label %phased
check:
  %base = mul i64 %p, <<group>>
  %number = add i64 %base, %l
  %number32 = trunc i64 %number to i32
  %shifted = lshr i32 %mask, %number32
  %bit = trunc i32 %shifted to i1
  br i1 %bit, label %word, label %laned
word:
  %k = phi i64 [0, %check], [%k1, %worded]
  %used.k = phi i64 [%used, %check], [%used1, %worded]
  %most.k = phi i64 [%most, %check], [%most1, %worded]
  %at = getelementptr i64, ptr %spill, i64 %number
  %w0 = load i64, ptr %at
  %w = add i64 %w0, %k
  br label %search
search:
  %q = phi i64 [0, %word], [%q1, %on]
  %left = icmp ult i64 %q, %used.k
  br i1 %left, label %probe, label %fresh
probe:
  %q.at = getelementptr i64, ptr %seen, i64 %q
  %v = load i64, ptr %q.at
  %hit = icmp eq i64 %v, %w
  br i1 %hit, label %worded, label %on
on:
  %q1 = add i64 %q, 1
  br label %search
fresh:
  %new.at = getelementptr i64, ptr %seen, i64 %used.k
  store i64 %w, ptr %new.at
  %used.n = add i64 %used.k, 1
  %bank = and i64 %w, 31
  %bank.at = getelementptr i64, ptr %banks, i64 %bank
  %n0 = load i64, ptr %bank.at
  %n = add i64 %n0, 1
  store i64 %n, ptr %bank.at
  %larger = icmp ugt i64 %n, %most.k
  %most.n = select i1 %larger, i64 %n, i64 %most.k
  br label %worded
worded:
  %used1 = phi i64 [%used.k, %probe], [%used.n, %fresh]
  %most1 = phi i64 [%most.k, %probe], [%most.n, %fresh]
  %k1 = add i64 %k, 1
  %wm = icmp ult i64 %k1, <<words>>
  br i1 %wm, label %word, label %laned
laned:
  %used2 = phi i64 [%used, %check], [%used1, %worded]
  %most2 = phi i64 [%most, %check], [%most1, %worded]
  %l1 = add i64 %l, 1
  br label %lane
phased:
  %total1 = add i64 %total, %most
  %some = icmp ne i64 %most, 0
  %one = zext i1 %some to i64
  %ideal1 = add i64 %ideal, %one
  %p1 = add i64 %p, 1
  br label %phase
end:
  call void @tally(ptr %ctx, i32 %site, i64 %total, i64 %ideal, i64 %lanes64)
  ret void
}
