; A register of a matrix against what it was when the product was asked for.
define internal void @product_same(ptr %ctx, i32 %site, i32 %m, <32 x i32> %at, <32 x i32> %now, ptr %before, i1 %turned) noinline {
  %old = load <32 x i32>, ptr %before, align 64
  %differ = icmp ne <32 x i32> %old, %now
  %word = bitcast <32 x i1> %differ to i32
  %none = icmp eq i32 %word, 0
  br i1 %none, label %end, label %tell
tell:
  %lane = call i32 @llvm.cttz.i32(i32 %word, i1 true)
  %row.k = lshr i32 %lane, 2
  %step = and i32 %lane, 3
  %row.mn = shl i32 %step, 1
  %row = select i1 %turned, i32 %row.mn, i32 %row.k
  %first = mul i32 %m, 8
  %from = add i32 %first, %row
  %place = extractelement <32 x i32> %at, i32 %from
  %place64 = zext i32 %place to i64
  %cell = lshr i64 %place64, <<shift>>
  <<field writers ptr writers>>
  %w.at = getelementptr i64, ptr %writers, i64 %cell
  %w = load i64, ptr %w.at
  %wide = insertelement <32 x i64> zeroinitializer, i64 %place64, i64 0
  call void @report(ptr %ctx, i32 %site, i32 <<kind.pending-operand>>, i32 1, <32 x i64> %wide, i64 %w)
  br label %end
end:
  ret void
}
; Rows that a store or a copy wrote and no thread has executed a fence.proxy.async since.
define internal void @product_unfenced(ptr %ctx, i32 %site, <32 x i32> %at, i32 %given) noinline {
entry:
  <<field stamps ptr stamps>>
  <<field writers ptr writers>>
  <<field shared_size i64 size>>
  <<field epoch i64 epoch>>
  <<field proxy_epoch i64 proxy>>
  %spill = alloca <32 x i32>
  store <32 x i32> %at, ptr %spill
  ; An epoch that is still to come is one of before they began anew.
  %stale = icmp ugt i64 %proxy, %epoch
  %fenced = select i1 %stale, i64 0, i64 %proxy
  br label %lane
lane:
  %todo = phi i32 [%given, %entry], [%todo1, %next]
  %bad = phi i32 [0, %entry], [%bad1, %next]
  %who = phi i64 [0, %entry], [%who1, %next]
  %soft = phi i32 [0, %entry], [%soft1, %next]
  %from = phi i64 [0, %entry], [%from1, %next]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %bit = shl i32 1, %l
  %less = sub i32 %todo, 1
  %todo1 = and i32 %todo, %less
  %l64 = zext i32 %l to i64
  %a.at = getelementptr i32, ptr %spill, i64 %l64
  %a = load i32, ptr %a.at
  %a64 = zext i32 %a to i64
  %in = icmp ult i64 %a64, %size
  br i1 %in, label %look, label %next
look:
  %cell = lshr i64 %a64, <<shift>>
  %s.at = getelementptr i16, ptr %stamps, i64 %cell
  %s = load i16, ptr %s.at
  %s64 = zext i16 %s to i64
  %late = icmp ugt i64 %s64, %fenced
  %known = icmp ule i64 %s64, <<LAST_EPOCH>>
  %ask = and i1 %late, %known
  br i1 %ask, label %writer, label %next
writer:
  %w.at = getelementptr i64, ptr %writers, i64 %cell
  %w = load i64, ptr %w.at
  %n.0 = lshr i64 %w, 16
  %n = and i64 %n.0, 65535
  %c.at = getelementptr i8, ptr @copied, i64 %n
  %c = load i8, ptr %c.at
  %copied = icmp ne i8 %c, 0
  %hard.b = select i1 %copied, i32 0, i32 %bit
  %soft.b = select i1 %copied, i32 %bit, i32 0
  %bad.w = or i32 %bad, %hard.b
  %soft.w = or i32 %soft, %soft.b
  %who.w = select i1 %copied, i64 %who, i64 %w
  %from.w = select i1 %copied, i64 %w, i64 %from
  br label %next
next:
  %bad1 = phi i32 [%bad, %one], [%bad, %look], [%bad.w, %writer]
  %who1 = phi i64 [%who, %one], [%who, %look], [%who.w, %writer]
  %soft1 = phi i32 [%soft, %one], [%soft, %look], [%soft.w, %writer]
  %from1 = phi i64 [%from, %one], [%from, %look], [%from.w, %writer]
  br label %lane
end:
  %wide = zext <32 x i32> %at to <32 x i64>
  %stored = icmp ne i32 %bad, 0
  br i1 %stored, label %tell, label %copies
tell:
  call void @report(ptr %ctx, i32 %site, i32 <<kind.unfenced-write>>, i32 %bad, <32 x i64> %wide, i64 %who)
  br label %copies
copies:
  %some = icmp ne i32 %soft, 0
  br i1 %some, label %warn, label %return
warn:
  call void @report(ptr %ctx, i32 %site, i32 <<kind.unfenced-copy>>, i32 %soft, <32 x i64> %wide, i64 %from)
  br label %return
return:
  ret void
}
; A register that is used though it stands for sums that were not waited for.
define internal <<CONVENTION>> void @product_used(ptr %ctx, i32 %site, i32 %lanes, <32 x i32> %bits) noinline {
  %tag = and <32 x i32> %bits, splat (i32 <<TAG_MASK>>)
  %token = icmp eq <32 x i32> %tag, splat (i32 <<TAG>>)
  %word = bitcast <32 x i1> %token to i32
  %bad = and i32 %word, %lanes
  %none = icmp eq i32 %bad, 0
  br i1 %none, label %end, label %tell
tell:
  call void @report(ptr %ctx, i32 %site, i32 <<kind.pending-accumulator>>, i32 %bad, <32 x i64> zeroinitializer, i64 0)
  br label %end
end:
  ret void
}
