define internal void @undefined(ptr %ctx, i32 %lanes, <32 x i64> %origins, ptr %sites) cold noinline {
entry:
  %chosen = bitcast i32 %lanes to <32 x i1>
  %kept = select <32 x i1> %chosen, <32 x i64> %origins, <32 x i64> zeroinitializer
  %all = call i64 @llvm.vector.reduce.or.v32i64(<32 x i64> %kept)
  br label %next
next:
  %todo = phi i64 [%all, %entry], [%todo1, %one]
  %none = icmp eq i64 %todo, 0
  br i1 %none, label %end, label %one
one:
  %n = call i64 @llvm.cttz.i64(i64 %todo, i1 true)
  %bit = shl i64 1, %n
  %bit.1 = insertelement <32 x i64> poison, i64 %bit, i64 0
  %bit.v = shufflevector <32 x i64> %bit.1, <32 x i64> poison, <32 x i32> zeroinitializer
  %met = and <32 x i64> %kept, %bit.v
  %met.b = icmp ne <32 x i64> %met, zeroinitializer
  %met.w = bitcast <32 x i1> %met.b to i32
  %at = getelementptr i32, ptr %sites, i64 %n
  %site = load i32, ptr %at
  call void @report(ptr %ctx, i32 %site, i32 <<kind.inactive-lane>>, i32 %met.w, <32 x i64> zeroinitializer, i64 0)
  %unbit = xor i64 %bit, -1
  %todo1 = and i64 %todo, %unbit
  br label %next
end:
  ret void
}
